// One line in, many out: the signal's path as a picture, each line in its state's colour. The words stand beside it.
// It stretches to whatever width it is given; strokes and dots keep their size.
import type { IngestState, Project } from '@/api/types';
import { type Tone, ingestWords } from '@/words/states';

const LINES_MAX = 8;
const COLOUR: Record<Tone, string> = { ok: 'var(--ok)', warn: 'var(--warn)', bad: 'var(--bad)', info: 'var(--info)', off: 'var(--edge)' };
const DASHES: Record<Tone, string> = { ok: '9 3', info: '3 4', warn: '3 4', bad: '3 4', off: '1 4' };

interface Props {
  /** The encoder's line. */
  source: Tone;
  /** One for each destination. */
  lines: Tone[];
  /** Of the drawing; the element's own size is by its class. */
  width?: number;
  height?: number;
  className?: string;
}

export function Fan({ source, lines, width = 132, height = 56, className }: Props) {
  const shown = lines.length ? lines.slice(0, LINES_MAX) : (['off'] as Tone[]);
  const [middle, node, end] = [height / 2, width * 0.42, width - 5];
  const gap = shown.length > 1 ? Math.min(13, (height - 12) / (shown.length - 1)) : 0;
  const first = middle - (gap * (shown.length - 1)) / 2;
  const bend = (end - node) * 0.55;
  return (
    <svg viewBox={`0 0 ${width} ${height}`} preserveAspectRatio="none" className={className} fill="none" strokeLinecap="round" aria-hidden>
      <Line tone={source} d={`M6 ${middle}H${node - 4}`} />
      {shown.map((tone, index) => {
        const y = first + gap * index;
        return (
          <g key={index}>
            <Line tone={tone} d={`M${node + 4} ${middle}C${node + bend * 0.6} ${middle} ${node + bend * 0.4} ${y} ${node + bend} ${y}H${end}`} />
            <Dot tone={tone} x={end} y={y} />
          </g>
        );
      })}
      <Dot tone={source} x={5} y={middle} />
      <path d={`M${node} ${middle}h0`} stroke={COLOUR[source]} strokeWidth="9" strokeLinecap="square" vectorEffect="non-scaling-stroke" />
    </svg>
  );
}

/** A line that flows shows that it does; one that does not is broken. */
function Line({ tone, d }: { tone: Tone; d: string }) {
  return (
    <path
      d={d}
      stroke={COLOUR[tone]}
      strokeWidth="1.75"
      strokeDasharray={DASHES[tone]}
      vectorEffect="non-scaling-stroke"
      className={tone === 'ok' ? 'animate-[flow_1.6s_linear_infinite]' : ''}
    />
  );
}

/** A round dot: a line of no length with round ends, which stays round however the picture is stretched. */
function Dot({ tone, x, y }: { tone: Tone; x: number; y: number }) {
  return <path d={`M${x} ${y}h0`} stroke={COLOUR[tone]} strokeWidth="6" vectorEffect="non-scaling-stroke" />;
}

/** The lines of a project of which only the counts are known. */
export function lineTones({ live }: Project): Tone[] {
  const { sending, retrying, failed, total } = live.outputs;
  const of = (count: number, tone: Tone) => Array.from({ length: Math.max(0, count) }, () => tone);
  return [...of(sending, 'ok'), ...of(retrying, 'warn'), ...of(failed, 'bad'), ...of(total - failed - retrying - sending, 'off')];
}

export function sourceTone(state: IngestState): Tone {
  return ingestWords(state).tone;
}
