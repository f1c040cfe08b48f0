import { waitFor } from '@testing-library/react';
import { beforeEach, expect, it } from 'vitest';
import { focusLast } from './lastFocus';

const element = (id: string) => document.getElementById(id) as HTMLElement;

beforeEach(() => {
  document.body.innerHTML = '<main id="page" tabindex="-1"><p><button id="more">More</button></p><button id="other">Other</button></main><div role="dialog"><button id="yes">Delete</button></div>';
  element('more').focus();
  element('yes').focus();
});

it('a person is back where they were before a dialog', () => {
  focusLast();
  expect(document.activeElement).toBe(element('more'));
});

it('and at the beginning of the page when that is gone, before or after', async () => {
  focusLast();
  element('more').parentElement?.remove();
  await waitFor(() => expect(document.activeElement).toBe(element('page')));
  focusLast();
  expect(document.activeElement).toBe(element('page'));
});

it('and stays where they went meanwhile', async () => {
  focusLast();
  element('other').focus();
  element('more').parentElement?.remove();
  await new Promise((done) => setTimeout(done));
  expect(document.activeElement).toBe(element('other'));
});
