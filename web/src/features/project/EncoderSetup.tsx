// How to send to this project: three steps for OBS, one line for FFmpeg, one code for a phone. While nobody sends, a live
// line says so, and who tried with a wrong key.
import { useSuspenseQuery } from '@tanstack/react-query';
import { Tabs } from 'radix-ui';
import { lazy, type ReactNode, Suspense, useState } from 'react';
import { ingestQuery, streamKeysQuery } from '@/api/queries';
import type { Ingest, Project, StreamKey } from '@/api/types';
import { Private } from '@/app/Private';
import { CopyLine } from '@/ui/Copy';
import { Panel } from '@/ui/Panel';
import { Skeleton, SkeletonRows } from '@/ui/Skeleton';
import { useNow } from '@/ui/clock';
import { KeyLine } from './KeyLine';
import { PatternOn } from './PatternOn';
import { Waiting } from './Waiting';

const Phone = lazy(() => import('./Phone'));

export function EncoderSetup({ project }: { project: Project }) {
  // The test pattern stands in for an encoder that is still to come.
  const waiting = project.live.state === 'waiting' || project.live.state === 'ended' || project.live.test_pattern;
  return (
    <Panel title="Encoder" aside="how to send to this project" resetKeys={[project.id]} fallback={waiting ? <SkeletonRows rows={1} height="h-[500px] sm:h-[355px]" /> : <SkeletonRows rows={3} height="h-12" />}>
      {waiting && (project.live.test_pattern ? <PatternOn project={project.id} /> : <Waiting project={project} />)}
      {waiting ? (
        <Ways project={project} />
      ) : (
        <WaysClosed project={project} />
      )}
    </Panel>
  );
}

/** During a show few open it: it is made when they do. */
function WaysClosed({ project }: { project: Project }) {
  const [open, setOpen] = useState(false);
  return (
    <details className="group" onToggle={(event) => setOpen(event.currentTarget.open)}>
      <summary className="px-4 py-3 text-sm text-soft hover:text-ink">Server address and stream key</summary>
      {open && (
        <Suspense fallback={<SkeletonRows rows={3} height="h-12" />}>
          <Ways project={project} />
        </Suspense>
      )}
    </details>
  );
}

const TAB = 'tap min-h-10 pointer-coarse:min-h-[44px] border-b-2 border-transparent px-1 text-sm font-medium text-faint hover:text-ink data-[state=active]:border-ink data-[state=active]:text-ink';

function Ways({ project }: { project: Project }) {
  const ingest = useSuspenseQuery(ingestQuery(project.id)).data;
  const keys = useSuspenseQuery(streamKeysQuery(project.id)).data;
  const now = useNow(60);
  const key = keys.find((each) => !each.disabled && (!each.expires_at || Date.parse(each.expires_at) > now)) ?? null;
  return (
    <Tabs.Root defaultValue="obs">
      <Tabs.List aria-label="Encoder" className="flex gap-5 border-b border-line px-4">
        {[['obs', 'OBS'], ['ffmpeg', 'FFmpeg'], ['phone', 'Phone']].map(([value, label]) => (
          <Tabs.Trigger key={value} value={value ?? ''} className={TAB}>
            {label}
          </Tabs.Trigger>
        ))}
      </Tabs.List>
      <Tabs.Content value="obs" className="p-4">
        <Obs ingest={ingest} streamKey={key} />
      </Tabs.Content>
      <Tabs.Content value="ffmpeg" className="grid gap-3 p-4">
        <Ffmpeg ingest={ingest} streamKey={key} />
      </Tabs.Content>
      <Tabs.Content value="phone" className="p-4">
        <Suspense fallback={<Skeleton className="h-48" />}>
          <Phone ingest={ingest} streamKey={key} name={project.name} />
        </Suspense>
      </Tabs.Content>
    </Tabs.Root>
  );
}

function Obs({ ingest, streamKey }: { ingest: Ingest; streamKey: StreamKey | null }) {
  return (
    <ol className="grid gap-5">
      <Step number={1} title="Open Settings → Stream, service “Custom…”">
        <div className="grid gap-2">
          {ingest.servers.map((server) => (
            <div key={server}>
              <CopyLine value={server} label="Server" shown={<Private>{server}</Private>} />
              {ingest.servers.length > 1 && <p className="mt-0.5 text-[0.82rem] text-faint">{server.startsWith('rtmps:') ? 'encrypted' : 'not encrypted'}</p>}
            </div>
          ))}
        </div>
      </Step>
      <Step number={2} title="Paste the stream key">
        <KeyLine streamKey={streamKey} />
        {ingest.publish_user_needed && <p className="mt-1 text-sm text-soft">This server also asks for a user name and password: turn on “Use authentication”.</p>}
      </Step>
      <Step number={3} title="Settings → Output: keyframe interval 2 s. Then Start Streaming." />
    </ol>
  );
}

function Step({ number, title, children }: { number: number; title: string; children?: ReactNode }) {
  return (
    <li className="grid grid-cols-[1.75rem_1fr] gap-x-3">
      <span className="figure grid size-7 place-items-center rounded-full border border-edge text-sm font-semibold text-soft" aria-hidden>
        {number}
      </span>
      <div className="min-w-0">
        <p className="mb-1.5 leading-7 font-medium">{title}</p>
        {children}
      </div>
    </li>
  );
}

function Ffmpeg({ ingest, streamKey }: { ingest: Ingest; streamKey: StreamKey | null }) {
  const [server = ''] = ingest.servers;
  const line = `ffmpeg -re -i show.mp4 -c:v libx264 -g 60 -c:a aac -f flv ${server}/STREAM_KEY`;
  return (
    <>
      <CopyLine value={line} label="FFmpeg command" shown={<Private>{line}</Private>} />
      <p className="text-sm text-soft">In place of STREAM_KEY:</p>
      <KeyLine streamKey={streamKey} />
    </>
  );
}
