// Five minutes of bitrate. Drawn by uPlot straight from the samples; words and a table say the same without a picture.
import { useEffect, useRef, useState } from 'react';
import uPlot from 'uplot';
import { samples, WINDOW } from '@/live/samples';
import { bitrate, timeOfDay } from '@/words/format';
import { afterPaint } from '@/ui/afterPaint';
import { useNow } from '@/ui/clock';
import { Readout } from '@/ui/Readout';

const HEIGHT = 168;

/** Seconds and Mbit/s; a second that did not come is a gap, never a zero. */
export function series(project: string, now = Date.now()): [number[], (number | null)[]] {
  const window = samples.window(project);
  const last = window.at(-1);
  const end = Math.floor((last ? Date.parse(last.figures.at) : now) / 1000);
  const by = new Map(window.map(({ figures }) => [Math.floor(Date.parse(figures.at) / 1000), figures.bitrate_bits]));
  const xs = Array.from({ length: WINDOW }, (_, index) => end - WINDOW + 1 + index);
  return [xs, xs.map((x) => mega(by.get(x)))];
}

const mega = (bits: number | null | undefined): number | null => (bits == null ? null : bits / 1e6);

export default function Chart({ project }: { project: string }) {
  const host = useRef<HTMLDivElement>(null);
  useEffect(() => {
    let end = () => {};
    const cancel = afterPaint(() => {
      if (host.current) end = follow(host.current, project);
    });
    return () => {
      cancel();
      end();
    };
  }, [project]);
  return (
    <figure>
      <figcaption className="mb-2 flex flex-wrap items-baseline gap-x-3">
        <span className="engraved">Bitrate, last five minutes</span>
        <Readout of={project} className="text-sm text-soft" say={() => summary(project)} />
      </figcaption>
      <div ref={host} className="h-[168px]" aria-hidden />
      <Table project={project} />
    </figure>
  );
}

/** Draws, and again when there is something else to draw or to draw it with. The answer ends that. */
function follow(element: HTMLElement, project: string): () => void {
  let plot = draw(element, project);
  const redraw = () => {
    plot.destroy();
    plot = draw(element, project);
  };
  const off = samples.watch(project, () => plot.setData(series(project)));
  const size = new ResizeObserver(() => plot.setSize({ width: element.clientWidth, height: HEIGHT }));
  size.observe(element);
  const theme = new MutationObserver(redraw);
  theme.observe(document.documentElement, { attributes: true, attributeFilter: ['data-theme'] });
  const scheme = matchMedia('(prefers-color-scheme: dark)');
  scheme.addEventListener('change', redraw);
  return () => {
    off();
    size.disconnect();
    theme.disconnect();
    scheme.removeEventListener('change', redraw);
    plot.destroy();
  };
}

function draw(element: HTMLElement, project: string): uPlot {
  const style = getComputedStyle(element);
  // The tokens are light-dark() pairs, which a canvas does not know: resolved through a real property.
  const colour = (token: string) => {
    element.style.color = `var(${token})`;
    const value = getComputedStyle(element).color;
    element.style.color = '';
    return value;
  };
  const [line, faint, grid] = [colour('--ok'), colour('--faint'), colour('--line')];
  const font = `12px ${style.fontFamily}`;
  const axis = { stroke: faint, font, grid: { stroke: grid, width: 1 }, ticks: { show: false } };
  return new uPlot(
    {
      width: element.clientWidth || 300,
      height: HEIGHT,
      cursor: { show: false },
      legend: { show: false },
      scales: { x: { time: true }, y: { range: (_, __, most) => [0, Math.max(1, (most ?? 0) * 1.2)] } },
      axes: [
        { ...axis, grid: { show: false }, space: 90, size: 28, values: (_, splits) => splits.map((at) => timeOfDay(at * 1000).slice(0, 5)) },
        { ...axis, size: 44, space: 36, values: (_, splits) => splits.map((value) => (value ? `${value}` : '0')) },
      ],
      series: [{}, { stroke: line, width: 1.75, fill: line.replace(/\)$/, ' / 0.12)'), points: { show: false } }],
    },
    series(project),
    element,
  );
}

/** Every so many seconds is often enough for a table. */
const TABLE_EVERY_S = 5;

/** The same in words. */
export function summary(project: string): string {
  const values = samples.window(project).map(({ figures }) => figures.bitrate_bits ?? 0).filter((bits) => bits > 0);
  if (values.length === 0) return '';
  const mean = values.reduce((sum, each) => sum + each, 0) / values.length;
  return `${bitrate(mean)} on average, ${bitrate(Math.min(...values))} to ${bitrate(Math.max(...values))}`;
}

function Table({ project }: { project: string }) {
  const [open, setOpen] = useState(false);
  return (
    <details className="mt-1 text-sm text-faint" onToggle={(event) => setOpen(event.currentTarget.open)}>
      <summary className="w-max py-1 hover:text-ink">As a table</summary>
      {open && <Minutes project={project} />}
    </details>
  );
}

function Minutes({ project }: { project: string }) {
  useNow(TABLE_EVERY_S);
  const rows = samples.window(project).filter((_, index, all) => (all.length - 1 - index) % 15 === 0);
  return (
    <table className="list figure">
      <thead>
        <tr>
          <th scope="col">Time</th>
          <th scope="col">Bitrate</th>
          <th scope="col">Frames</th>
        </tr>
      </thead>
      <tbody>
        {rows.map(({ figures }) => (
          <tr key={figures.at}>
            <td>{timeOfDay(figures.at)}</td>
            <td>{bitrate(figures.bitrate_bits)}</td>
            <td>{figures.fps?.toFixed(1) ?? '–'}</td>
          </tr>
        ))}
      </tbody>
    </table>
  );
}
