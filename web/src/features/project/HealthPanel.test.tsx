import { act, screen } from '@testing-library/react';
import { afterEach, beforeEach, expect, it, vi } from 'vitest';
import { samples } from '@/live/samples';
import { project, show, stats } from '@/test/make';
import { serve } from '@/test/server';
import { series } from './Chart';
import { HealthPanel } from './HealthPanel';

/** happy-dom has no canvas: the drawing is looked at in a browser, the words here. */
vi.mock('uplot', () => ({ default: class { setData() {} setSize() {} destroy() {} } }));

const health = { status: 'bad', figures: stats(0).figures, issues: [{ code: 'starved', severity: 'error', title: 'Nothing comes from the encoder', what_to_do: 'Check its network.', since: new Date().toISOString(), destination_id: null }] };

beforeEach(() => vi.stubGlobal('matchMedia', () => ({ addEventListener() {}, removeEventListener() {} })));
afterEach(() => samples.clear());

it('says what is wrong, what to do, and the figures of now', async () => {
  serve({ 'GET /api/v1/streams/str_1/health': health, 'GET /api/v1/streams/str_1/stats': { step_s: 1, samples: [stats(-2).figures, stats(-1).figures] } });
  show(<HealthPanel project={project()} />);
  expect(await screen.findByText('Nothing comes from the encoder')).toBeInTheDocument();
  expect(screen.getByText('Check its network.')).toBeInTheDocument();
  expect(screen.getByText('Bad')).toBeInTheDocument();
  expect(await screen.findByText('1920 × 1080')).toBeInTheDocument();
  expect(screen.getByText('Connected for').nextSibling).toHaveTextContent('0:00');
  act(() => samples.push({ ...stats(1), figures: { ...stats(1).figures, connected_s: 3725, width: 1280, height: 720 } }));
  expect(screen.getByText('1280 × 720')).toBeInTheDocument();
  expect(screen.getByText('Connected for').nextSibling).toHaveTextContent('1:02:05');
  expect(await screen.findByText(/6.00 Mbit\/s on average/)).toBeInTheDocument();
});

it('says so where there is no signal, and asks for nothing', async () => {
  const { asked } = serve({});
  show(<HealthPanel project={project({}, { state: 'waiting', broadcast_id: null })} />);
  expect(await screen.findByText('No signal')).toBeInTheDocument();
  expect(asked).toEqual([]);
});

it('a second that did not come is a gap in the chart and not a zero', () => {
  for (const second of [1, 2, 4]) samples.push(stats(second));
  const [xs, ys] = series('prj_1');
  expect(xs).toHaveLength(300);
  expect(ys.slice(-4).map((y) => y && y.toFixed(3))).toEqual(['6.001', '6.002', null, '6.004']);
});
