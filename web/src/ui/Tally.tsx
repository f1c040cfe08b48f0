// Whether a show is on the air: lit, it is.
import type { Project } from '@/api/types';
import { ingestWords } from '@/words/states';
import { StateSign } from './State';
import { Since, Until } from './Time';

export function Tally({ live }: { live: Project['live'] }) {
  const { word, tone, sign } = ingestWords(live.state);
  const lit = live.state === 'live';
  return (
    <span className="tally" data-lit={lit} data-tone={tone}>
      {lit ? <span className="size-2 rounded-full bg-current" aria-hidden /> : <StateSign sign={sign} size={15} />}
      {word}
      {lit && live.since && <Since at={live.since} />}
      {live.state === 'interrupted' && live.hold_ends_at && <Until at={live.hold_ends_at} />}
    </span>
  );
}
