// The player in its frame, and its metrics row. The row writes itself once a second without a render.
import { useEffect, useRef, useState } from 'react';
import { Player, type Metrics, type PlayerState } from '@/player/player';
import { playerWords } from '@/player/words';
import { usePainted } from '@/ui/painted';

interface Told {
  state: PlayerState;
  detail?: string;
}

export function Picture({ url }: { url: string }) {
  const video = useRef<HTMLVideoElement>(null);
  const player = useRef<Player | null>(null);
  const [told, setTold] = useState<Told>({ state: 'loading' });
  // A browser reads a sheet of its own for the first <video>, and a player is much work: neither is on the first screen.
  const painted = usePainted();
  useEffect(() => {
    if (!painted || !video.current) return;
    const made = new Player(video.current, (state, detail) => setTold(detail ? { state, detail } : { state }));
    player.current = made;
    made.open(url);
    return () => {
      player.current = null;
      made.close();
    };
  }, [url, painted]);
  const quiet = told.state === 'playing' || told.state === 'paused';
  return (
    <>
      <div className="relative aspect-video bg-black">
        {painted && <video ref={video} muted playsInline controls={quiet} className="absolute inset-0 size-full object-contain" aria-label="Live preview" />}
        {!quiet && (
          <p
            role="status"
            className="absolute top-1/2 left-1/2 w-max max-w-[85%] -translate-1/2 rounded-lg bg-[oklch(0.12_0.006_240/0.85)] px-4 py-2 text-center text-[oklch(0.95_0.004_240)]"
          >
            {playerWords(told.state, told.detail)}
            {told.state === 'unsupported' && ' Your destinations are not affected.'}
          </p>
        )}
      </div>
      <MetricsRow metrics={() => player.current?.metrics ?? null} />
    </>
  );
}

const FIGURES: [string, (metrics: Metrics) => string][] = [
  ['Latency', ({ latencyS }) => (latencyS == null ? '–' : `${latencyS.toFixed(1)} s`)],
  ['Buffer', ({ bufferS }) => (bufferS == null ? '–' : `${bufferS.toFixed(1)} s`)],
  ['Dropped', ({ droppedFrames }) => String(droppedFrames)],
  ['Level', ({ level }) => level ?? '–'],
  ['Retries', ({ retries }) => String(retries)],
];

export function MetricsRow({ metrics }: { metrics: () => Metrics | null }) {
  const list = useRef<HTMLDListElement>(null);
  const ask = useRef(metrics);
  useEffect(() => {
    ask.current = metrics;
  }, [metrics]);
  useEffect(() => {
    const write = () => {
      const now = ask.current();
      FIGURES.forEach(([, say], index) => {
        const element = list.current?.children[index]?.lastElementChild;
        const text = now ? say(now) : '–';
        if (element && element.textContent !== text) element.textContent = text;
      });
    };
    write();
    const timer = setInterval(write, 1000);
    return () => clearInterval(timer);
  }, []);
  return (
    <dl ref={list} className="grid h-14 grid-cols-5 items-center px-4">
      {FIGURES.map(([label]) => (
        <div key={label}>
          <dt className="engraved">{label}</dt>
          <dd className="figure text-sm leading-tight font-medium" />
        </div>
      ))}
    </dl>
  );
}
