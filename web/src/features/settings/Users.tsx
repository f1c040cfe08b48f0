// Who may sign in, and what they may do here.
import { useMutation, useQueryClient, useSuspenseQuery } from '@tanstack/react-query';
import { lazy, Suspense, useState } from 'react';
import { api, ok } from '@/api/client';
import { keys, meQuery, usersQuery } from '@/api/queries';
import type { Role, User } from '@/api/types';
import { Button } from '@/ui/Button';
import { Menu } from '@/ui/Menu';
import { PanelHead } from '@/ui/Panel';
import { Toned } from '@/ui/State';
import { toast, toastError } from '@/ui/toast';

const AddUser = lazy(() => import('./AddUser'));
const NewSecret = lazy(() => import('../project-settings/NewSecret'));
const Confirm = lazy(async () => ({ default: (await import('@/ui/Dialog')).Confirm }));

type Change = { id: string; role?: Role; disabled?: boolean } | { id: string; remove: true };

export default function Users() {
  const users = useSuspenseQuery(usersQuery).data;
  const me = useSuspenseQuery(meQuery).data;
  const [adding, setAdding] = useState(false);
  const [link, setLink] = useState<string | null>(null);
  const [ending, setEnding] = useState<User | null>(null);
  const client = useQueryClient();
  const change = useMutation({
    mutationFn: async (wanted: Change) => {
      const params = { path: { id: wanted.id } };
      if ('remove' in wanted) await ok(api.DELETE('/api/v1/users/{id}', { params }));
      else {
        const { id: _, ...body } = wanted;
        await ok(api.PATCH('/api/v1/users/{id}', { params, body }));
      }
    },
    onError: (error) => toastError('Nothing was changed', error),
    onSettled: () => {
      setEnding(null);
      return client.invalidateQueries({ queryKey: keys.users });
    },
  });
  const reset = useMutation({
    mutationFn: (id: string) => ok(api.POST('/api/v1/users/{id}/reset-link', { params: { path: { id } } })),
    onSuccess: (answer) => setLink(answer.link),
    onError: (error) => toastError('No link was made', error),
  });
  const roles = (user: User) =>
    (['admin', 'operator', 'viewer'] as const)
      .filter((role) => role !== user.role)
      .map((role) => ({ label: `Make ${NAMES[role]}`, onSelect: () => change.mutate({ id: user.id, role }) }));
  return (
    <section className="panel" aria-labelledby="users">
      <PanelHead id="users" title="Users" actions={<Button size="small" onClick={() => setAdding(true)}>Add user</Button>} />
      <ul className="rows">
        {users.map((user) => (
          <li key={user.id} className="flex items-center gap-3 px-4 py-2.5">
            <div className="min-w-0 flex-1">
              <p className="truncate font-medium">
                {user.name} {user.disabled && <Toned tone="off">switched off</Toned>}
              </p>
              <p className="truncate text-sm text-faint">{user.email}</p>
            </div>
            <p className="text-sm text-soft capitalize">{user.role}</p>
            {user.id === me?.user.id ? (
              <span className="w-8 text-sm text-faint">you</span>
            ) : (
              <Menu
                label={`More for ${user.name}`}
                entries={[
                  ...roles(user),
                  null,
                  { label: 'Link for a new password', disabled: user.oidc, onSelect: () => reset.mutate(user.id) },
                  { label: user.disabled ? 'Switch on' : 'Switch off', onSelect: () => change.mutate({ id: user.id, disabled: !user.disabled }) },
                  { label: 'Delete', danger: true, onSelect: () => setEnding(user) },
                ]}
              />
            )}
          </li>
        ))}
      </ul>
      <Suspense>
        {adding && <AddUser onClose={() => setAdding(false)} onAdded={(name) => { setAdding(false); toast(`${name} may sign in`, { tone: 'ok' }); }} />}
        {link && <NewSecret title="Link for a new password" note="Give it to that person alone. It works once, and for a while." secret={link} onClose={() => setLink(null)} />}
        {ending && (
          <Confirm
            title={`Delete ${ending.name}?`}
            effect="All sessions and tokens of this person end now. Projects stay."
            action="Delete"
            busy={change.isPending}
            onClose={() => setEnding(null)}
            onConfirm={() => change.mutate({ id: ending.id, remove: true })}
          />
        )}
      </Suspense>
    </section>
  );
}

const NAMES: Record<Role, string> = { admin: 'an administrator', operator: 'an operator', viewer: 'a viewer' };
