// A link that does not work any more: whoever holds it is told what makes another one, and no other command.
import { cleanup, screen } from '@testing-library/react';
import userEvent from '@testing-library/user-event';
import { Suspense } from 'react';
import { expect, it } from 'vitest';
import { show } from '@/test/make';
import { Refused, serve } from '@/test/server';
import SetupPage from './SetupPage';

const GONE = new Refused(403, 'setup_closed', 'The link is not good');
const RULE = { min_length: 12, max_length: 128 };

function open(needed: boolean, refusal = GONE, link: string | undefined = 'a-link-of-some-length', looked: unknown = { email: 'ada@example.org' }) {
  serve({
    'GET /api/v1/setup': { needed, password_rule: RULE, sign_up: false, oidc: null },
    'POST /api/v1/setup/link': looked,
    'POST /api/v1/setup': refusal,
  });
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

it('a link for a new password that works says whose it is, and one that does not says so at once', async () => {
  open(false);
  expect(await screen.findByText('For ada@example.org.')).toBeInTheDocument();
  cleanup();
  open(false, GONE, 'reset_abcdefghijklmnopqrstuvwxyz', GONE);
  expect(await screen.findByRole('heading', { name: 'This link is used up' })).toBeInTheDocument();
  expect(screen.getByText('gostream admin reset-link --email ADDRESS')).toBeInTheDocument();
  expect(screen.queryByLabelText('New password')).not.toBeInTheDocument();
});

it('a link that is pasted where the page is open already is opened', async () => {
  location.hash = '';
  serve({ 'GET /api/v1/setup': { needed: true, password_rule: RULE, sign_up: false, oidc: null } });
  show(
    <Suspense>
      <SetupPage />
    </Suspense>,
  );
  expect(await screen.findByRole('heading', { name: 'Almost there' })).toBeInTheDocument();
  location.hash = '#setup_abcdefghijklmnopqrstuvwxyz';
  dispatchEvent(new Event('hashchange'));
  expect(await screen.findByLabelText('Your name')).toBeInTheDocument();
  location.hash = '';
});

it('a setup link that was used leads to the door, and asks for no password', async () => {
  open(false, GONE, 'setup_abcdefghijklmnopqrstuvwxyz');
  expect(await screen.findByRole('heading', { name: 'Setup is done' })).toBeInTheDocument();
  expect(screen.getByRole('link', { name: 'Sign in' })).toHaveAttribute('href', '/sign-in');
  expect(screen.queryByLabelText(/password/i)).not.toBeInTheDocument();
});
