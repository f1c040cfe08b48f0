// A link that does not work any more: whoever holds it is told what makes another one, and no other command.
import { screen } from '@testing-library/react';
import userEvent from '@testing-library/user-event';
import { Suspense } from 'react';
import { expect, it } from 'vitest';
import { show } from '@/test/make';
import { Refused, serve } from '@/test/server';
import SetupPage from './SetupPage';

const GONE = new Refused(403, 'setup_closed', 'The link is not good');
const RULE = { min_length: 12, max_length: 128 };

function open(needed: boolean, refusal = GONE, link = 'a-link-of-some-length') {
  serve({ 'GET /api/v1/setup': { needed, password_rule: RULE, sign_up: false, oidc: null }, 'POST /api/v1/setup': refusal });
  show(
    <Suspense>
      <SetupPage link={link} />
    </Suspense>,
  );
}

it.each([GONE, new Refused(422, 'invalid', 'It cannot be kept as it is.', [{ pointer: '/link', detail: 'It is too old.' }])])('the first administrator is told how to make another setup link', async (refusal) => {
  open(true, refusal);
  await userEvent.type(await screen.findByLabelText('Your name'), 'Ada');
  await userEvent.type(screen.getByLabelText('Email'), 'ada@example.org');
  await userEvent.type(screen.getByLabelText('Password'), 'correct horse battery');
  await userEvent.click(screen.getByRole('button', { name: 'Open the control room' }));
  expect(await screen.findByText('gostream admin setup-link')).toBeInTheDocument();
  expect(screen.queryByText(/reset-link/)).not.toBeInTheDocument();
});

it('who wants a new password is told how to make another link for one', async () => {
  open(false);
  await userEvent.type(await screen.findByLabelText('New password'), 'correct horse battery');
  await userEvent.click(screen.getByRole('button', { name: 'Set it and sign in' }));
  expect(await screen.findByText('gostream admin reset-link --email ADDRESS')).toBeInTheDocument();
  expect(screen.queryByText(/setup-link/)).not.toBeInTheDocument();
});

it('a setup link that was used leads to the door, and asks for no password', async () => {
  open(false, GONE, 'setup_abcdefghijklmnopqrstuvwxyz');
  expect(await screen.findByRole('heading', { name: 'Setup is done' })).toBeInTheDocument();
  expect(screen.getByRole('link', { name: 'Sign in' })).toHaveAttribute('href', '/sign-in');
  expect(screen.queryByLabelText(/password/i)).not.toBeInTheDocument();
});
