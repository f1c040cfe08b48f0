// The picture as viewers get it, muted, and how it gets here. It is mounted only while the server says that it plays.
import { useSuspenseQuery } from '@tanstack/react-query';
import { playbackQuery } from '@/api/queries';
import type { Playback, Project } from '@/api/types';
import { Panel } from '@/ui/Panel';
import { Skeleton } from '@/ui/Skeleton';
import { Picture } from './Picture';

export function StreamPreview({ project }: { project: Project }) {
  return (
    <Panel
      title="Preview"
      aside="what viewers see"
      resetKeys={[project.id]}
      className="overflow-hidden"
      fallback={<Soon state={project.live.state} />}
      actions={
        <a className="btn" data-size="small" data-kind="quiet" href={`/watch/${project.playback_id}`} target="_blank" rel="noreferrer">
          Viewer page
        </a>
      }
    >
      <Content project={project} />
    </Panel>
  );
}

/** As tall as what comes: a picture while there is one, else the words that stand for it. */
function Soon({ state }: { state: Project['live']['state'] }) {
  if (state !== 'live' && state !== 'interrupted') return <Skeleton className="h-44 rounded-none sm:h-56" />;
  return (
    <>
      <Skeleton className="aspect-video w-full rounded-none" />
      <div className="h-14" />
    </>
  );
}

function Content({ project }: { project: Project }) {
  const playback = useSuspenseQuery(playbackQuery(project.id)).data;
  return playback.ready ? <Picture key={playlist(playback)} url={playlist(playback)} /> : <NoPicture state={project.live.state} />;
}

const WHY: Record<Project['live']['state'], [string, string]> = {
  waiting: ['No picture yet', 'It comes a moment after your encoder starts.'],
  starting: ['Encoder connected', 'Waiting for its first keyframe.'],
  live: ['On the air', 'The first seconds for viewers are being made.'],
  interrupted: ['Encoder away', 'Its picture comes back with it.'],
  ended: ['The show is over', 'The next one appears here by itself.'],
};

function NoPicture({ state }: { state: Project['live']['state'] }) {
  const [title, detail] = WHY[state];
  return (
    <div className="grid h-44 place-content-center gap-1 rounded-b-panel bg-[oklch(0.13_0.006_240)] p-6 text-center sm:h-56">
      <p className="text-lg font-semibold text-[oklch(0.93_0.004_240)]">{title}</p>
      <p className="text-[oklch(0.74_0.01_240)]">{detail}</p>
    </div>
  );
}

/** The playlist on the host that this page is from: the page's policy allows no other. */
export function playlist({ hls_url, token }: Playback): string {
  const { pathname, search } = new URL(hls_url, location.href);
  if (!token || pathname.includes(encodeURIComponent(token)) || search.includes('token=')) return pathname + search;
  return pathname.replace(/\/([^/]+)$/, `/${encodeURIComponent(token)}/$1`);
}
