// The keys that encoders publish with: shown, changed for a new one with a time in which both work, switched off.
import { useMutation, useQueryClient, useSuspenseQuery } from '@tanstack/react-query';
import { lazy, Suspense, useState } from 'react';
import { api, ifMatch, ok, once } from '@/api/client';
import { keys, streamKeysQuery } from '@/api/queries';
import type { Project, StreamKey } from '@/api/types';
import { useCan } from '@/app/can';
import { KeyLine } from '@/features/project/KeyLine';
import { Button } from '@/ui/Button';
import { Empty } from '@/ui/Empty';
import { Menu } from '@/ui/Menu';
import { Toned } from '@/ui/State';
import { useNow } from '@/ui/clock';
import { Ago } from '@/ui/Time';
import { toastError } from '@/ui/toast';
import { dateTime } from '@/words/format';

const RotateKey = lazy(() => import('./RotateKey'));
const NewSecret = lazy(() => import('./NewSecret'));
const Confirm = lazy(async () => ({ default: (await import('@/ui/Dialog')).Confirm }));

export function StreamKeys({ project }: { project: Project }) {
  const streamKeys = useSuspenseQuery(streamKeysQuery(project.id)).data;
  const { act } = useCan();
  const [made, setMade] = useState<string | null>(null);
  const [open, setOpen] = useState<{ what: 'rotate' | 'delete'; key: StreamKey } | null>(null);
  const change = useChange(project.id, setMade, () => setOpen(null));
  const fixed = !act || project.declared;
  return (
    <>
      <ul className="rows">
        {streamKeys.map((key) => (
          <li key={key.id} className="grid gap-2 px-4 py-3">
            <div className="flex items-center gap-3">
              <p className="min-w-0 flex-1 font-medium">
                {key.name} <Condition streamKey={key} />
              </p>
              <Menu
                label={`More for key ${key.name}`}
                entries={[
                  { label: 'New key, old one for a while', disabled: fixed, onSelect: () => setOpen({ what: 'rotate', key }) },
                  { label: key.disabled ? 'Switch on' : 'Switch off', disabled: fixed, onSelect: () => change.mutate({ what: 'disable', key, on: !key.disabled }) },
                  null,
                  { label: 'Delete', danger: true, disabled: fixed || streamKeys.length < 2, onSelect: () => setOpen({ what: 'delete', key }) },
                ]}
              />
            </div>
            {!key.disabled && <KeyLine streamKey={key} />}
            <p className="text-[0.82rem] text-faint">
              made {dateTime(key.created_at)} · {key.last_used_at ? <>used <Ago at={key.last_used_at} /></> : 'never used'}
            </p>
          </li>
        ))}
      </ul>
      {streamKeys.length === 0 && <Empty title="No key: nobody can publish to this project" />}
      {!project.declared && (
        <div className="border-t border-line p-3">
          <Button size="small" disabled={fixed} busy={change.isPending} onClick={() => change.mutate({ what: 'add', name: `Key ${streamKeys.length + 1}` })}>
            Another key
          </Button>
        </div>
      )}
      <Suspense>
        {made && <NewSecret title="The new stream key" secret={made} onClose={() => setMade(null)} />}
        {open?.what === 'rotate' && (
          <RotateKey streamKey={open.key} busy={change.isPending} onClose={() => setOpen(null)} onRotate={(overlap) => change.mutate({ what: 'rotate', key: open.key, overlap })} />
        )}
        {open?.what === 'delete' && (
          <Confirm
            title={`Delete ${open.key.name}?`}
            effect="An encoder that publishes with it is refused from now on; one that is connected stays until it leaves."
            action="Delete"
            busy={change.isPending}
            onClose={() => setOpen(null)}
            onConfirm={() => change.mutate({ what: 'delete', key: open.key })}
          />
        )}
      </Suspense>
    </>
  );
}

function Condition({ streamKey: { disabled, expires_at } }: { streamKey: StreamKey }) {
  const now = useNow(60);
  if (disabled) return <Toned tone="off">off</Toned>;
  if (expires_at && Date.parse(expires_at) < now) return <Toned tone="off">expired</Toned>;
  if (expires_at) return <Toned tone="warn">until {dateTime(expires_at)}</Toned>;
  return null;
}

type Change =
  | { what: 'add'; name: string }
  | { what: 'rotate'; key: StreamKey; overlap: number }
  | { what: 'disable'; key: StreamKey; on: boolean }
  | { what: 'delete'; key: StreamKey };

function useChange(project: string, onSecret: (key: string) => void, onDone: () => void) {
  const client = useQueryClient();
  return useMutation({
    mutationFn: async (change: Change): Promise<string | null> => {
      if (change.what === 'add') {
        const params = { path: { id: project }, header: once() };
        return (await ok(api.POST('/api/v1/projects/{id}/stream-keys', { params, body: { name: change.name } }))).key;
      }
      const path = { id: change.key.id };
      if (change.what === 'rotate') {
        const params = { path, header: once() };
        return (await ok(api.POST('/api/v1/stream-keys/{id}/rotate', { params, body: { overlap_s: change.overlap } }))).key;
      }
      const params = { path, header: ifMatch(change.key) };
      if (change.what === 'delete') await ok(api.DELETE('/api/v1/stream-keys/{id}', { params }));
      else await ok(api.PATCH('/api/v1/stream-keys/{id}', { params, body: { disabled: change.on } }));
      return null;
    },
    onSuccess: (secret) => {
      onDone();
      if (secret) onSecret(secret);
    },
    onError: (error) => toastError('The key was not changed', error),
    onSettled: () => client.invalidateQueries({ queryKey: keys.projectPart(project, 'stream-keys') }),
  });
}
