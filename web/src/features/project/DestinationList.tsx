// Where the show goes: one row and one switch each.
import { useSuspenseQuery } from '@tanstack/react-query';
import { Plus } from 'lucide-react';
import { lazy, Suspense, useCallback, useState } from 'react';
import { destinationsQuery } from '@/api/queries';
import type { Destination, Project } from '@/api/types';
import { useCan } from '@/app/can';
import { useKeys } from '@/app/shortcuts';
import { Button } from '@/ui/Button';
import { Empty } from '@/ui/Empty';
import { Panel } from '@/ui/Panel';
import { SkeletonRows } from '@/ui/Skeleton';
import { toast } from '@/ui/toast';
import { DestinationRow, type RowAction } from './DestinationRow';
import { useMove } from './useMove';
import { useSwitch } from './useSwitch';

const DestinationDialog = lazy(() => import('./DestinationDialog'));
const DestinationTestDialog = lazy(() => import('./DestinationTestDialog'));
const DeleteDestination = lazy(() => import('./DeleteDestination'));

type Open = { what: RowAction | 'add'; id: string };

export function DestinationList({ project }: { project: Project }) {
  const [open, setOpen] = useState<Open | null>(null);
  const { act } = useCan();
  const add = () => setOpen({ what: 'add', id: '' });
  return (
    <Panel
      title="Destinations"
      fallback={<SkeletonRows rows={3} height="h-16" />}
      resetKeys={[project.id]}
      actions={
        <Button size="small" disabled={!act || project.declared} onClick={add}>
          <Plus size={15} aria-hidden />
          Add
        </Button>
      }
    >
      <Rows project={project} open={open} setOpen={setOpen} onAdd={add} />
    </Panel>
  );
}

interface RowsProps {
  project: Project;
  open: Open | null;
  setOpen: (open: Open | null) => void;
  onAdd: () => void;
}

function Rows({ project, open, setOpen, onAdd }: RowsProps) {
  const destinations = useSuspenseQuery(destinationsQuery(project.id)).data;
  const { act } = useCan();
  const { mutate: change } = useSwitch(project.id);
  const { mutate: move } = useMove(project.id);
  const onSwitch = useCallback((id: string, enabled: boolean) => change({ id, enabled }), [change]);
  const onAction = useCallback(
    (what: RowAction, destination: Destination) => {
      if (what === 'up' || what === 'down') move({ id: destination.id, by: what === 'up' ? -1 : 1 });
      else setOpen({ what, id: destination.id });
    },
    [setOpen, move],
  );
  useNumberKeys(destinations, act && !project.declared, onSwitch);
  const chosen = destinations.find(({ id }) => id === open?.id) ?? null;
  const close = () => setOpen(null);
  return (
    <>
      {destinations.length === 0 ? (
        <Empty
          title="Nowhere to send to yet"
          action={
            <Button kind="primary" disabled={!act || project.declared} onClick={onAdd}>
              Add a destination
            </Button>
          }
        >
          YouTube, Twitch, Facebook, Kick, or any RTMP server. It starts by itself when your encoder does.
        </Empty>
      ) : (
        <ol className="rows">
          {destinations.map((destination, index) => (
            <DestinationRow
              key={destination.id}
              destination={destination}
              number={index + 1}
              last={index === destinations.length - 1}
              act={act}
              declared={project.declared}
              onSwitch={onSwitch}
              onAction={onAction}
            />
          ))}
        </ol>
      )}
      <Suspense>
        {open?.what === 'add' && <DestinationDialog project={project.id} pattern={project.live.test_pattern} destination={null} onClose={close} />}
        {open?.what === 'edit' && chosen && <DestinationDialog project={project.id} destination={chosen} onClose={close} />}
        {open?.what === 'test' && chosen && <DestinationTestDialog destination={chosen} onClose={close} />}
        {open?.what === 'delete' && chosen && <DeleteDestination destination={chosen} onClose={close} />}
      </Suspense>
    </>
  );
}

/** `1` … `9` switch the destination of that number, and can be taken back. */
function useNumberKeys(destinations: Destination[], act: boolean, onSwitch: (id: string, enabled: boolean) => void): void {
  const handle = useCallback(
    (key: string) => {
      const destination = /^[1-9]$/.test(key) ? destinations[Number(key) - 1] : undefined;
      if (!destination || !act) return;
      const { id, name, enabled } = destination;
      onSwitch(id, !enabled);
      toast(`${name} ${enabled ? 'off' : 'on'}`, { undo: () => onSwitch(id, enabled) });
    },
    [destinations, act, onSwitch],
  );
  useKeys(handle);
}
