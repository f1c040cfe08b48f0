// Times that run. Each is a leaf of its own, so that a second renders a word and not a row.
import { ago, clock, dateTime, span } from '@/words/format';
import { useNow } from './clock';

/** How long ago: `4 min ago`. */
export function Ago({ at }: { at: string }) {
  const now = useNow();
  return (
    <time dateTime={at} title={dateTime(at)}>
      {ago(at, now)}
    </time>
  );
}

/** How long since: `1:04:09`. Not read out while it runs. */
export function Since({ at, words = false }: { at: string; words?: boolean }) {
  const now = useNow();
  const seconds = (now - Date.parse(at)) / 1000;
  return (
    <time className="figure" dateTime={at} title={`since ${dateTime(at)}`}>
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
