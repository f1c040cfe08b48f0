// How the signal is: what is wrong with it and what to do, its figures, and the last five minutes.
import { useQuery, useSuspenseQuery } from '@tanstack/react-query';
import { Suspense, useEffect } from 'react';
import { healthQuery, statsQuery } from '@/api/queries';
import type { Project } from '@/api/types';
import { Chart } from '@/app/pages';
import { samples } from '@/live/samples';
import { Empty } from '@/ui/Empty';
import { Panel } from '@/ui/Panel';
import { Skeleton, SkeletonTiles } from '@/ui/Skeleton';
import { StateChip } from '@/ui/State';
import { type StateWords, isWaiting } from '@/words/states';
import { Issues } from './Issues';
import { Tiles } from './Tiles';

const STATUS: Record<string, StateWords> = {
  good: { tone: 'ok', sign: 'flow', word: 'Good' },
  ok: { tone: 'warn', sign: 'alert', word: 'Fair' },
  warning: { tone: 'warn', sign: 'alert', word: 'Fair' },
  bad: { tone: 'bad', sign: 'alert', word: 'Bad' },
  no_data: { tone: 'off', sign: 'wait', word: 'No data' },
};

export function HealthPanel({ project }: { project: Project }) {
  const stream = isWaiting(project.live.state) ? null : project.live.broadcast_id;
  return (
    <Panel title="Signal" resetKeys={[stream]} fallback={<Soon />} aside={stream && <Status stream={stream} />}>
      {stream ? (
        <Health project={project.id} stream={stream} />
      ) : (
        <Empty title="No signal">Bitrate, frame rate, keyframes and sound are shown here while your encoder sends.</Empty>
      )}
    </Panel>
  );
}

/** It stands outside of the panel's boundary: where there is no answer it is not there, and the panel says why. */
function Status({ stream }: { stream: string }) {
  const status = useQuery({ ...healthQuery(stream), throwOnError: false }).data?.status;
  return status && <StateChip words={STATUS[status] ?? { tone: 'off', sign: 'info', word: status }} />;
}

/** As tall as what comes: tiles, and the chart below them. */
function Soon() {
  return (
    <>
      <SkeletonTiles tiles={8} className="sm:grid-cols-3 xl:grid-cols-4" />
      <div className="border-t border-line p-4">
        <Skeleton className="h-[14.2rem]" />
      </div>
    </>
  );
}

function Health({ project, stream }: { project: string; stream: string }) {
  const health = useSuspenseQuery(healthQuery(stream)).data;
  const stats = useSuspenseQuery(statsQuery(stream)).data;
  useEffect(() => samples.seed(project, stats.samples), [project, stats]);
  return (
    <>
      {health.issues.length > 0 && <Issues issues={health.issues} />}
      <Tiles project={project} figures={health.figures} />
      <div className="border-t border-line p-4">
        <Suspense fallback={<Skeleton className="h-44" />}>
          <Chart project={project} />
        </Suspense>
      </div>
    </>
  );
}
