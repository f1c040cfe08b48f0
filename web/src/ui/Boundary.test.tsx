import { useSuspenseQuery } from '@tanstack/react-query';
import { screen } from '@testing-library/react';
import userEvent from '@testing-library/user-event';
import { beforeEach, expect, it, vi } from 'vitest';
import { api, ok } from '@/api/client';
import { show } from '@/test/make';
import { Refused, serve } from '@/test/server';
import { Panel } from './Panel';
import { SkeletonRows } from './Skeleton';

// React says every error aloud, also those that a boundary has caught.
beforeEach(() => void vi.spyOn(console, 'error').mockImplementation(() => {}));

function System() {
  const system = useSuspenseQuery({ queryKey: ['system'], queryFn: () => ok(api.GET('/api/v1/system')) }).data;
  return <p>Version {system.version}</p>;
}
function Setup() {
  return <p>Needed: {String(useSuspenseQuery({ queryKey: ['setup'], queryFn: () => ok(api.GET('/api/v1/setup')) }).data.needed)}</p>;
}

it('a failure stays in its panel, and Try again asks anew', async () => {
  const { routes } = serve({ 'GET /api/v1/system': new Refused(503, 'database_unavailable', 'The database does not answer.'), 'GET /api/v1/setup': { needed: false } });
  show(
    <>
      <Panel title="Server" fallback={<SkeletonRows />}>
        <System />
      </Panel>
      <Panel title="Setup" fallback={<SkeletonRows />}>
        <Setup />
      </Panel>
    </>,
  );
  const alert = await screen.findByText('The database does not answer.');
  expect(alert.closest('[role="alert"]')).toHaveTextContent('Server cannot be shown');
  expect(screen.getByText('Needed: false')).toBeInTheDocument();
  routes['GET /api/v1/system'] = { version: '1.2.3' };
  await userEvent.click(screen.getByRole('button', { name: 'Try again' }));
  expect(await screen.findByText('Version 1.2.3')).toBeInTheDocument();
  expect(screen.queryByText('The database does not answer.')).not.toBeInTheDocument();
});

it('what loads has a skeleton in its place, said once to those who cannot see it', async () => {
  let answer: (value: unknown) => void = () => {};
  const answered = new Promise((done) => { answer = done; });
  serve({ 'GET /api/v1/system': () => answered });
  show(
    <Panel title="Server" fallback={<SkeletonRows rows={2} />}>
      <System />
    </Panel>,
  );
  const panel = screen.getByRole('region', { name: 'Server' });
  expect(panel.querySelector('[aria-busy]')).toHaveTextContent('Loading…');
  expect(panel.querySelectorAll('.skeleton')).toHaveLength(2);
  answer({ version: '2' });
  expect(await screen.findByText('Version 2')).toBeInTheDocument();
  expect(panel.querySelector('.skeleton')).toBeNull();
});
