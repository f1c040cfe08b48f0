// A show's bitrate from beginning to end, and what happened when. The picture says nothing that is not also in words: the
// sentence above it, and the list of events.
import type { Event, Report } from '@/api/types';
import { eventWords } from '@/words/events';
import { bitrate, count, span, timeOfDay } from '@/words/format';
import { Empty } from '@/ui/Empty';

const [WIDTH, HEIGHT] = [1000, 160];
/** What is marked: where something went wrong, and came back. */
const MARKED = /^(ingest\.(interrupted|resumed)|output\.state|health\.changed)$/;
const MARKED_TONES = new Set(['bad', 'warn']);
const MARKS_MAX = 60;

interface Mark {
  id: string;
  x: number;
  tone: string;
  text: string;
}

type Names = (id: string) => string | undefined;

export function Curve({ report, names }: { report: Report; names: Names }) {
  const { summary, broadcast, events } = report;
  const { bitrate_bits: bits, step_s } = summary.curve;
  if (bits.length < 2) return <Empty title="Too short for a curve" />;
  const seconds = bits.length * step_s;
  const most = Math.max(...bits, 1);
  const began = Date.parse(broadcast.started_at);
  const found = marks(events, began, seconds, names);
  return (
    <figure className="p-4">
      <figcaption className="mb-2 text-sm text-soft">{words(report)}</figcaption>
      <div className="relative h-40">
        <svg viewBox={`0 0 ${WIDTH} ${HEIGHT}`} preserveAspectRatio="none" className="size-full text-ok" aria-hidden>
          <path d={`${line(bits, most)}L${WIDTH} ${HEIGHT}L0 ${HEIGHT}Z`} fill="currentColor" opacity="0.12" />
          <path d={line(bits, most)} fill="none" stroke="currentColor" strokeWidth="1.75" strokeLinejoin="round" vectorEffect="non-scaling-stroke" />
          {found.map(({ id, x, tone, text }) => (
            <g key={id} data-tone={tone} className="text-(--tone)">
              <title>{text}</title>
              <path d={`M${x} 0V${HEIGHT}`} stroke="currentColor" strokeWidth="2" strokeDasharray="3 4" vectorEffect="non-scaling-stroke" />
            </g>
          ))}
        </svg>
        <span className="figure absolute top-0 left-0 rounded bg-panel px-1 text-[0.8rem] text-faint">{bitrate(most)}</span>
      </div>
      <p className="figure mt-1 flex justify-between text-[0.8rem] text-faint" aria-hidden>
        <time>{timeOfDay(began)}</time>
        <time>{timeOfDay(began + seconds * 1000)}</time>
      </p>
    </figure>
  );
}

/** As an SVG path over the whole width. */
function line(bits: number[], most: number): string {
  const step = WIDTH / (bits.length - 1);
  return bits.map((value, index) => `${index ? 'L' : 'M'}${(index * step).toFixed(1)} ${(HEIGHT - (value / most) * HEIGHT * 0.94).toFixed(1)}`).join('');
}

export function marks(events: Event[], began: number, seconds: number, names: Names): Mark[] {
  const found = events.flatMap((event): Mark[] => {
    const { tone, title } = eventWords(event, names);
    const at = (Date.parse(event.time) - began) / 1000;
    if (!MARKED.test(event.type) || !MARKED_TONES.has(tone) || at < 0 || at > seconds) return [];
    return [{ id: event.id, x: (at / seconds) * WIDTH, tone, text: `${timeOfDay(event.time)} ${title}` }];
  });
  return found.slice(0, MARKS_MAX);
}

/** The same in words. */
export function words({ summary }: Report): string {
  const parts = [`${bitrate(summary.video_bits + summary.audio_bits)} on average`, `${bitrate(summary.peak_bits)} at most`];
  if (summary.interruptions) parts.push(`the encoder was away ${count(summary.interruptions, 'time')}, for ${span(summary.filled_s)} in all`);
  return `${parts.join(', ')}.`;
}
