// A state as colour, sign and word.
import { Activity, CircleAlert, CircleDashed, CircleSlash, Info, Loader, PauseCircle, RotateCw } from 'lucide-react';
import type { ComponentType, ReactNode } from 'react';
import type { Sign, StateWords, Tone } from '@/words/states';

const SIGNS: Record<Sign, ComponentType<{ size?: number; className?: string; 'aria-hidden'?: boolean }>> = {
  flow: Activity,
  wait: CircleDashed,
  work: Loader,
  again: RotateCw,
  alert: CircleAlert,
  off: CircleSlash,
  hold: PauseCircle,
  info: Info,
};

export function StateSign({ sign, size = 14, className }: { sign: Sign; size?: number; className?: string }) {
  const Icon = SIGNS[sign];
  return <Icon size={size} className={className} aria-hidden />;
}

export function StateChip({ words, children }: { words: StateWords; children?: ReactNode }) {
  return (
    <span className="chip" data-tone={words.tone}>
      <StateSign sign={words.sign} />
      {words.word}
      {children}
    </span>
  );
}

/** A word in a tone, without a ground of its own. */
export function Toned({ tone, sign, children }: { tone: Tone; sign?: Sign; children: ReactNode }) {
  return (
    <span className="inline-flex items-center gap-1.5 font-medium text-(--tone)" data-tone={tone}>
      {sign && <StateSign sign={sign} />}
      {children}
    </span>
  );
}
