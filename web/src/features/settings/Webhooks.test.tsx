// Webhooks: an address that may be a secret, and an end that is asked for.
import { act, screen, waitFor } from '@testing-library/react';
import userEvent from '@testing-library/user-event';
import { Suspense } from 'react';
import { beforeEach, expect, it } from 'vitest';
import { setPreferences } from '@/app/preferences';
import { link } from '@/live/link';
import { me, show } from '@/test/make';
import { page, serve } from '@/test/server';
import Webhooks from './Webhooks';

const hook = {
  id: 'whk_1', project_id: null, url: 'https://hooks.example.com/services/T0/secret', events: ['*'], secret_hint: 'a91c', enabled: true, failures: 0, created_at: '', updated_at: '', revision: 4,
};
const routes = () => ({ 'GET /api/v1/me': me(), 'GET /api/v1/webhooks': page(hook), 'GET /api/v1/projects': page(), 'DELETE /api/v1/webhooks/whk_1': null });

beforeEach(() => {
  setPreferences({ hideSecrets: false });
  link.receive({ kind: 'open', missed: false, at: Date.now() });
});

const webhooks = () =>
  show(
    <Suspense>
      <Webhooks />
    </Suspense>,
  );

it('a shared screen has an address’ host alone, also in what is read out', async () => {
  serve(routes());
  webhooks();
  expect(await screen.findByRole('listitem')).toHaveTextContent('hooks.example.com/services/T0/secret');
  act(() => setPreferences({ hideSecrets: true }));
  // Asked for anew: a row that is drawn while others of the page are still fetched may be replaced.
  await waitFor(() => expect(screen.getByRole('listitem').outerHTML).not.toContain('secret'));
  expect(screen.getByRole('listitem')).toHaveTextContent('hooks.example.com');
  expect(screen.getByRole('switch', { name: 'Webhook hooks.example.com' })).toBeInTheDocument();
});

it('asks before a webhook is gone', async () => {
  const { asked, count } = serve(routes());
  webhooks();
  const remove = async () => {
    await userEvent.click(await screen.findByRole('button', { name: `More for ${hook.url}` }));
    await userEvent.click(await screen.findByRole('menuitem', { name: 'Delete' }));
    return screen.findByRole('alertdialog', { name: 'Delete the webhook to hooks.example.com?' });
  };
  const dialog = await remove();
  await userEvent.keyboard('{Escape}');
  await waitFor(() => expect(dialog).not.toBeInTheDocument());
  expect(count('DELETE /api/v1/webhooks/whk_1')).toBe(0);
  await remove();
  await userEvent.click(screen.getByRole('button', { name: 'Delete' }));
  await waitFor(() => expect(count('DELETE /api/v1/webhooks/whk_1')).toBe(1));
  expect(asked.find(({ method }) => method === 'DELETE')?.headers.get('If-Match')).toBe('"4"');
});
