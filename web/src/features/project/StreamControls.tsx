// The head of the live room: what is on, since when, and the few buttons that act on the whole show.
import { useMutation, useQueryClient } from '@tanstack/react-query';
import { lazy, Suspense, useState } from 'react';
import { Link } from 'wouter';
import { api, ok } from '@/api/client';
import { keys } from '@/api/queries';
import type { Project } from '@/api/types';
import { useCan } from '@/app/can';
import { useStopPattern, useTestPattern } from '@/features/overview/TestPattern';
import { Button } from '@/ui/Button';
import { Menu } from '@/ui/Menu';
import { useTitle } from '@/ui/PageHead';
import { Tally } from '@/ui/Tally';
import { toastError } from '@/ui/toast';
import { useSwitchAll } from './useSwitch';

const Confirm = lazy(async () => ({ default: (await import('@/ui/Dialog')).Confirm }));

export function StreamControls({ project, platforms }: { project: Project; platforms: string[] }) {
  const { id, live } = project;
  const onAir = live.state === 'live' || live.state === 'interrupted';
  const { act } = useCan();
  const [asking, setAsking] = useState<'stop' | 'end' | null>(null);
  const switchAll = useSwitchAll(id);
  const end = useEnd(project);
  const startPattern = useTestPattern(id, live.outputs.total);
  const stopPattern = useStopPattern(id);
  useTitle(onAir ? `● ${project.name}` : project.name);
  const sending = live.outputs.sending > 0;
  const stop = () => (sending ? setAsking('stop') : switchAll.mutate(false));
  return (
    <header className="mb-4">
      <nav aria-label="Where" className="text-sm text-faint">
        <Link href="/projects" className="tap hover:text-ink">
          Projects
        </Link>
      </nav>
      <div className="flex flex-wrap items-center gap-x-4 gap-y-3">
        <h1 className="text-2xl leading-tight font-semibold tracking-tight">{project.name}</h1>
        <Tally live={live} />
        <div className="flex flex-wrap items-center gap-2 sm:ml-auto">
          {live.outputs.total === 0 && project.running ? null : project.running ? (
            <Button disabled={!act || project.declared} busy={switchAll.isPending} onClick={stop}>
              Stop all
            </Button>
          ) : (
            <Button kind="primary" disabled={!act || project.declared} busy={switchAll.isPending} onClick={() => switchAll.mutate(true)}>
              Start all
            </Button>
          )}
          {onAir && (
            <Button kind="danger" disabled={!act} onClick={() => setAsking('end')}>
              End the show
            </Button>
          )}
          <Menu
            label="More for this project"
            entries={[
              live.test_pattern
                ? { label: 'Stop the test pattern', disabled: !act, onSelect: () => stopPattern.mutate() }
                : { label: 'Send a test pattern', disabled: !act || onAir, onSelect: () => startPattern.mutate() },
              { label: 'Open the dock', onSelect: () => window.open(`/dock/${id}`, '_blank', 'popup,width=380,height=640') },
              { label: 'Viewer page', onSelect: () => window.open(`/watch/${project.playback_id}`, '_blank') },
            ]}
          />
        </div>
      </div>
      {asking && (
        <Suspense>
          <Confirm
            title={asking === 'end' ? 'End the show?' : 'Stop every destination?'}
            effect={effect(asking, platforms)}
            action={asking === 'end' ? 'End the show' : 'Stop all'}
            busy={end.isPending || switchAll.isPending}
            onClose={() => setAsking(null)}
            onConfirm={() => {
              const done = { onSettled: () => setAsking(null) };
              if (asking === 'end') end.mutate(undefined, done);
              else switchAll.mutate(false, done);
            }}
          />
        </Suspense>
      )}
    </header>
  );
}

/** What will happen, named by where it is seen. */
function effect(asking: 'stop' | 'end', platforms: string[]): string {
  const seen = platforms.length ? `Viewers on ${list(platforms)} will see the stream end.` : 'Nothing is sending at the moment.';
  return asking === 'end' ? `${seen} The encoder is told to stop, and the page for viewers ends too.` : `${seen} The encoder stays connected.`;
}

function list(names: string[]): string {
  return new Intl.ListFormat('en').format([...new Set(names)]);
}

function useEnd(project: Project) {
  const client = useQueryClient();
  return useMutation({
    mutationFn: async () => {
      const stream = project.live.broadcast_id;
      if (stream) await ok(api.POST('/streams/{id}/end', { params: { path: { id: stream } } }));
    },
    onError: (error) => toastError('The show goes on', error),
    onSettled: () => client.invalidateQueries({ queryKey: keys.project(project.id) }),
  });
}
