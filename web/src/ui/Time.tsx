// Times that run. Each is a leaf of its own, so that a second renders a word and not a row.
import { ago, clock, dateTime, span } from '@/words/format';
import { useNow } from './clock';
import { usePainted } from './painted';

/** The whole of it, for whoever points at it. A browser's first date costs 20 ms, which a page's first screen does without. */
const useWhole = (at: string): string | undefined => (usePainted() ? dateTime(at) : undefined);

/** How long ago: `4 min ago`. */
export function Ago({ at }: { at: string }) {
  const now = useNow();
  return (
    <time dateTime={at} title={useWhole(at)}>
      {ago(at, now)}
    </time>
  );
}

/** How long since: `1:04:09`. Not read out while it runs. */
export function Since({ at, words = false }: { at: string; words?: boolean }) {
  const now = useNow();
  const whole = useWhole(at);
  const seconds = (now - Date.parse(at)) / 1000;
  return (
    <time className="figure" dateTime={at} title={whole && `since ${whole}`}>
      {words ? span(seconds) : clock(seconds)}
    </time>
  );
}

/** How long until: `0:12`, and `now` when it is over. */
export function Until({ at }: { at: string }) {
  const now = useNow();
  const seconds = Math.ceil((Date.parse(at) - now) / 1000);
  return (
    <time className="figure" dateTime={at}>
      {seconds > 0 ? clock(seconds) : 'now'}
    </time>
  );
}

/** `next in 0:12`; when the wait is over, that it is being tried. */
export function NextTry({ at }: { at: string }) {
  const now = useNow();
  if (Date.parse(at) <= now) return <>trying now</>;
  return (
    <>
      next in <Until at={at} />
    </>
  );
}
