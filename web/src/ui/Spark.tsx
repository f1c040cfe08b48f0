// A minute of bitrate as a line, drawn without React and without a library. Decoration: the figure stands beside it.
import { useEffect, useRef } from 'react';
import { samples } from '@/live/samples';

const SECONDS = 60;

export function Spark({ destination, className = '' }: { destination: string; className?: string }) {
  const line = useRef<SVGPathElement>(null);
  useEffect(() => {
    const draw = () => line.current?.setAttribute('d', path(samples.outputWindow(destination).slice(-SECONDS).map((each) => each.bitrate_bits)));
    draw();
    return samples.watch(destination, draw);
  }, [destination]);
  return (
    <svg viewBox={`0 0 ${SECONDS - 1} 20`} preserveAspectRatio="none" className={className} aria-hidden>
      <path ref={line} fill="none" stroke="currentColor" strokeWidth="1.5" vectorEffect="non-scaling-stroke" strokeLinejoin="round" />
    </svg>
  );
}

function path(values: number[]): string {
  const most = Math.max(...values, 1);
  const offset = SECONDS - values.length;
  return values.map((value, index) => `${index ? 'L' : 'M'}${offset + index} ${(19 - (value / most) * 17).toFixed(1)}`).join('');
}
