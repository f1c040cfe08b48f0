// One line in, many out: the signal's path as a picture, each line in its state's colour. The words stand beside it.
import type { IngestState, Project } from '@/api/types';
import { type Tone, ingestWords } from '@/words/states';

const LINES_MAX = 8;
const COLOUR: Record<Tone, string> = { ok: 'var(--ok)', warn: 'var(--warn)', bad: 'var(--bad)', info: 'var(--info)', off: 'var(--edge)' };

interface Props {
  /** The encoder's line. */
  source: Tone;
  /** One for each destination. */
  lines: Tone[];
  width?: number;
  height?: number;
  className?: string;
}

export function Fan({ source, lines, width = 132, height = 56, className }: Props) {
  const shown = lines.length ? lines.slice(0, LINES_MAX) : (['off'] as Tone[]);
  const [middle, node, end] = [height / 2, width * 0.42, width - 5];
  const gap = shown.length > 1 ? Math.min(12, (height - 12) / (shown.length - 1)) : 0;
  const first = middle - (gap * (shown.length - 1)) / 2;
  return (
    <svg viewBox={`0 0 ${width} ${height}`} width={width} height={height} className={className} fill="none" strokeWidth="1.75" strokeLinecap="round" aria-hidden>
      <Line tone={source} d={`M5 ${middle}H${node - 5}`} />
      {shown.map((tone, index) => {
        const y = first + gap * index;
        return (
          <g key={index}>
            <Line tone={lines.length ? tone : 'off'} d={`M${node + 5} ${middle}C${node + 26} ${middle} ${node + 16} ${y} ${node + 42} ${y}H${end - 5}`} />
            <circle cx={end} cy={y} r="2.5" fill={COLOUR[tone]} />
          </g>
        );
      })}
      <circle cx="5" cy={middle} r="2.5" fill={COLOUR[source]} />
      <rect x={node - 4} y={middle - 4} width="8" height="8" rx="2" fill={COLOUR[source]} />
    </svg>
  );
}

/** A line that flows shows that it does; one that does not is broken. */
function Line({ tone, d }: { tone: Tone; d: string }) {
  const flows = tone === 'ok';
  return (
    <path
      d={d}
      stroke={COLOUR[tone]}
      strokeDasharray={tone === 'ok' ? '9 3' : tone === 'off' ? '1 4' : '3 4'}
      className={flows ? 'animate-[flow_1.6s_linear_infinite]' : ''}
    />
  );
}

/** The lines of a project of which only the counts are known. */
export function lineTones({ live }: Project): Tone[] {
  const { sending, retrying, failed, total } = live.outputs;
  const of = (count: number, tone: Tone) => Array.from({ length: Math.max(0, count) }, () => tone);
  return [...of(failed, 'bad'), ...of(retrying, 'warn'), ...of(sending, 'ok'), ...of(total - failed - retrying - sending, 'off')];
}

export function sourceTone(state: IngestState): Tone {
  return ingestWords(state).tone;
}
