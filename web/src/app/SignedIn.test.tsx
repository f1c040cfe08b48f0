import { screen, waitFor } from '@testing-library/react';
import { Suspense } from 'react';
import { Router } from 'wouter';
import { memoryLocation } from 'wouter/memory-location';
import { expect, it, vi } from 'vitest';
import { api, ok } from '@/api/client';
import { linkFrom, nextFrom } from '@/features/setup/links';
import { me, show } from '@/test/make';
import { Refused, serve } from '@/test/server';
import { SignedIn } from './SignedIn';

const setup = { needed: false, password_rule: { min_length: 12, max_length: 128 }, sign_up: false, oidc: null };

function at(path: string) {
  const { hook, history = [] } = memoryLocation({ path, record: true });
  const shown = show(
    <Router hook={hook}>
      <Suspense>
        <SignedIn>
          <p>inside</p>
        </SignedIn>
      </Suspense>
    </Router>,
  );
  return { history, ...shown };
}

it('a stranger goes to the door, and from there back', async () => {
  serve({ 'GET /api/v1/me': new Refused(401, 'signed_out'), 'GET /api/v1/setup': setup });
  const { history } = at('/projects/prj_1');
  await waitFor(() => expect(history.at(-1)).toBe('/sign-in?next=%2Fprojects%2Fprj_1'));
});

it('a server without people goes to its setup', async () => {
  serve({ 'GET /api/v1/me': new Refused(401, 'signed_out'), 'GET /api/v1/setup': { ...setup, needed: true } });
  const { history } = at('/');
  await waitFor(() => expect(history.at(-1)).toBe('/setup'));
});

it('a session that ends elsewhere ends here at the next answer', async () => {
  vi.stubGlobal('SharedWorker', undefined);
  serve({ 'GET /api/v1/me': me(), 'GET /api/v1/setup': setup, 'GET /api/v1/system': new Refused(401, 'signed_out') });
  const { history } = at('/system');
  await screen.findByText('inside');
  await ok(api.GET('/api/v1/system')).catch(() => {});
  await waitFor(() => expect(history.at(-1)).toBe('/sign-in?next=%2Fsystem'));
});

it('goes nowhere else than to pages of its own', () => {
  for (const [search, to] of [['?next=/system', '/system'], ['?next=//evil.example', '/'], ['?next=/\\evil.example', '/'], ['?next=https://evil.example', '/'], ['', '/']]) {
    expect(nextFrom(search ?? '')).toBe(to);
  }
});

it('reads the one-time link in each of its forms', () => {
  const link = 'abcdefghijklmnop1234';
  for (const [path, search, hash] of [[link, '', ''], [undefined, `?link=${link}`, ''], [undefined, `?token=${link}`, ''], [undefined, '', `#${link}`], [undefined, '', `#link=${link}`]] as const) {
    expect(linkFrom(path, search, hash)).toBe(link);
  }
});
