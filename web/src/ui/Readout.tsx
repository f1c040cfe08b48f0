// A figure that follows the samples. It writes itself into its own element: no render, whatever comes each second.
import { useEffect, useRef, useState } from 'react';
import { samples } from '@/live/samples';

interface Props {
  /** The project or destination whose samples wake it. */
  of: string;
  /** What to show; called at each sample. */
  say: () => string;
  className?: string;
}

export function Readout({ of, say, className = '' }: Props) {
  const element = useRef<HTMLSpanElement>(null);
  const latest = useRef(say);
  const [first] = useState(say);
  useEffect(() => {
    latest.current = say;
    write(element.current, say());
  }, [say]);
  useEffect(() => samples.watch(of, () => write(element.current, latest.current())), [of]);
  return (
    <span ref={element} className={`figure ${className}`}>
      {first}
    </span>
  );
}

function write(element: HTMLElement | null, text: string): void {
  if (element && element.textContent !== text) element.textContent = text;
}
