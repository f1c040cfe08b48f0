// Every browser that is signed in as one, each to be signed out.
import { useMutation, useQueryClient, useSuspenseQuery } from '@tanstack/react-query';
import { api, ok } from '@/api/client';
import { keys, sessionsQuery } from '@/api/queries';
import { Private } from '@/app/Private';
import { Button } from '@/ui/Button';
import { Ago } from '@/ui/Time';
import { toastError } from '@/ui/toast';

export function Sessions() {
  const sessions = useSuspenseQuery(sessionsQuery).data;
  const client = useQueryClient();
  const revoke = useMutation({
    mutationFn: (id: string) => ok(api.DELETE('/api/v1/me/sessions/{id}', { params: { path: { id } } })),
    onError: (error) => toastError('It is still signed in', error),
    onSettled: () => client.invalidateQueries({ queryKey: keys.sessions }),
  });
  return (
    <ul className="rows">
      {sessions.map(({ id, user_agent, address, last_seen_at, current }) => (
        <li key={id} className="flex items-center gap-3 px-4 py-2.5">
          <div className="min-w-0 flex-1">
            <p className="font-medium">
              {browserName(user_agent)}
              {current && <span className="ml-2 text-sm font-normal text-faint">this one</span>}
            </p>
            <p className="text-sm text-faint">
              <Private>{address}</Private> · seen <Ago at={last_seen_at} />
            </p>
          </div>
          {!current && (
            <Button size="small" busy={revoke.isPending && revoke.variables === id} onClick={() => revoke.mutate(id)}>
              Sign out
            </Button>
          )}
        </li>
      ))}
    </ul>
  );
}

/** `Firefox on Linux`, as well as a User-Agent tells it. */
export function browserName(agent: string | null): string {
  if (!agent) return 'A program';
  const browser = /Edg\//.test(agent) ? 'Edge' : /OBS\//.test(agent) ? 'OBS' : /Firefox\//.test(agent) ? 'Firefox' : /Chrome\//.test(agent) ? 'Chrome' : /Safari\//.test(agent) ? 'Safari' : null;
  const system = /Android/.test(agent) ? 'Android' : /iPhone|iPad/.test(agent) ? 'iOS' : /Windows/.test(agent) ? 'Windows' : /Mac OS X/.test(agent) ? 'macOS' : /Linux/.test(agent) ? 'Linux' : null;
  if (!browser) return agent.split(/[ /]/)[0] ?? agent;
  return system ? `${browser} on ${system}` : browser;
}
