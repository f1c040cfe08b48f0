import { act, fireEvent, screen, waitFor, within } from '@testing-library/react';
import userEvent from '@testing-library/user-event';
import { type ProfilerOnRenderCallback, Profiler } from 'react';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { link } from '@/live/link';
import { samples } from '@/live/samples';
import { destination, me, output, project, show, stats } from '@/test/make';
import { page, Refused, serve } from '@/test/server';
import { DestinationList } from './DestinationList';

const LIST = 'GET /api/v1/projects/prj_1/destinations';
const sending = { state: 'sending', bitrate_bits: 6_000_000 } as const;

beforeEach(() => link.receive({ kind: 'open', missed: false, at: Date.now() }));
afterEach(() => samples.clear());

const theSwitch = (name: string) => screen.findByRole('switch', { name: `${name}: send to it` });

describe('figures', () => {
  it('ten stats events render no destination row', async () => {
    serve({ 'GET /api/v1/me': me(), [LIST]: page(destination('dst_1', { name: 'YouTube', output: output(sending) })) });
    let renders = 0;
    const count: ProfilerOnRenderCallback = () => {
      renders += 1;
    };
    show(
      <Profiler id="list" onRender={count}>
        <DestinationList project={project()} />
      </Profiler>,
    );
    await theSwitch('YouTube');
    await screen.findByText('6.00 Mbit/s');
    // Clocks run once a second beside this, and are not what is counted.
    const before = renders;
    act(() => {
      for (let second = 1; second <= 10; second += 1) samples.push(stats(second));
    });
    expect(screen.getByText('6.01 Mbit/s')).toBeInTheDocument();
    expect(screen.getByText('10 ms behind')).toBeInTheDocument();
    expect(renders - before).toBe(0);
  });
});

describe('a switch', () => {
  it('moves at once, with the revision that was seen', async () => {
    let answer: (value: unknown) => void = () => {};
    const answered = new Promise((done) => { answer = done; });
    const { asked } = serve({
      'GET /api/v1/me': me(),
      [LIST]: page(destination('dst_1', { name: 'Twitch', enabled: false, output: output({ state: 'disabled' }) })),
      'PATCH /api/v1/destinations/dst_1': () => answered,
      'GET /api/v1/projects/prj_1': project(),
    });
    show(<DestinationList project={project()} />);
    await userEvent.click(await theSwitch('Twitch'));
    expect(await theSwitch('Twitch')).toBeChecked();
    const patch = asked.find(({ method }) => method === 'PATCH');
    expect(patch?.body).toEqual({ enabled: true });
    expect(patch?.headers.get('If-Match')).toBe('"7"');
    await act(async () => answer(destination('dst_1', { name: 'Twitch', output: output({ state: 'connecting' }) })));
    expect(await screen.findByText('Connecting')).toBeInTheDocument();
  });

  it('goes back where the server refuses, in the server’s words', async () => {
    serve({
      'GET /api/v1/me': me(),
      [LIST]: page(destination('dst_1', { name: 'Twitch' })),
      'PATCH /api/v1/destinations/dst_1': new Refused(409, 'conflict', 'Twitch is being tested.'),
    });
    show(<DestinationList project={project()} />);
    await userEvent.click(await theSwitch('Twitch'));
    expect(await screen.findByText('Twitch is being tested.')).toBeInTheDocument();
    await waitFor(async () => expect(await theSwitch('Twitch')).toBeChecked());
  });

  it('cannot be pressed while the server cannot be heard, nor by who may only look', async () => {
    serve({ 'GET /api/v1/me': me(), [LIST]: page(destination('dst_1', { name: 'Twitch' })) });
    show(<DestinationList project={project()} />);
    expect(await theSwitch('Twitch')).toBeEnabled();
    act(() => link.receive({ kind: 'lost', signedOut: false, at: Date.now() }));
    expect(await theSwitch('Twitch')).toBeDisabled();
    act(() => link.receive({ kind: 'open', missed: true, at: Date.now() }));
    expect(await theSwitch('Twitch')).toBeEnabled();
  });

  it('is dead for a viewer', async () => {
    serve({ 'GET /api/v1/me': me('viewer'), [LIST]: page(destination('dst_1', { name: 'Twitch' })) });
    show(<DestinationList project={project()} />);
    expect(await theSwitch('Twitch')).toBeDisabled();
  });

  it('answers to its number, and can be taken back', async () => {
    const one = destination('dst_1', { name: 'YouTube' });
    const { asked } = serve({
      'GET /api/v1/me': me(),
      [LIST]: page(one, destination('dst_2', { name: 'Twitch' })),
      'PATCH /api/v1/destinations/dst_2': ({ body }: { body: object | null }) => ({ ...destination('dst_2', { name: 'Twitch', revision: 8 }), ...body }),
      'GET /api/v1/projects/prj_1': project(),
    });
    show(<DestinationList project={project()} />);
    await theSwitch('Twitch');
    fireEvent.keyDown(document.body, { key: '2' });
    await waitFor(async () => expect(await theSwitch('Twitch')).not.toBeChecked());
    expect(await screen.findByText('Twitch off')).toBeInTheDocument();
    await waitFor(() => expect(asked.filter(({ method }) => method === 'PATCH')).toHaveLength(1));
    await userEvent.click(screen.getByRole('button', { name: 'Undo' }));
    await waitFor(async () => expect(await theSwitch('Twitch')).toBeChecked());
    expect(asked.filter(({ method }) => method === 'PATCH').map(({ body, headers }) => [body, headers.get('If-Match')])).toEqual([
      [{ enabled: false }, '"7"'],
      [{ enabled: true }, '"8"'],
    ]);
  });
});

describe('a row', () => {
  it('says state, attempt, countdown and what to do, and masks its key', async () => {
    const inTwelve = new Date(Date.now() + 12_000).toISOString();
    const trouble = output({
      state: 'retrying', severity: 'warning', title: 'The server closed the connection', what_to_do: 'It usually comes back.', attempt: 3, next_retry_at: inTwelve,
      since: new Date(Date.now() - 66_000).toISOString(),
    });
    serve({
      'GET /api/v1/me': me(),
      [LIST]: page(destination('dst_1', { name: 'Partner', output: trouble })),
      'POST /api/v1/destinations/dst_1/retry': destination('dst_1', { name: 'Partner', output: output({ state: 'connecting' }) }),
    });
    show(<DestinationList project={project()} />);
    const row = within((await screen.findByText('Partner')).closest('li')!); // oxlint-disable-line typescript/no-non-null-assertion
    expect(row.getByText('Retrying')).toHaveTextContent(/^Retrying1:0[5-9]$/);
    expect(row.getByText(/attempt 3/)).toHaveTextContent(/attempt 3 · next in 0:1[23]/);
    expect(row.getByText('It usually comes back.')).toBeInTheDocument();
    expect(row.getByText('••••x7f2')).toBeInTheDocument();
    await userEvent.click(row.getByRole('button', { name: 'Retry now' }));
    expect(await row.findByText('Connecting')).toBeInTheDocument();
  });

  it('of a list that two panels ask for is asked for once', async () => {
    const { count } = serve({ 'GET /api/v1/me': me(), [LIST]: page(destination('dst_1', { name: 'YouTube' })) });
    show(
      <>
        <DestinationList project={project()} />
        <DestinationList project={project()} />
      </>,
    );
    expect(await screen.findAllByText('YouTube')).toHaveLength(2);
    expect(count(LIST)).toBe(1);
  });
});
