// Switching destinations on and off: shown at once, taken back where the server refuses.
import { useMutation, useQueryClient } from '@tanstack/react-query';
import { ApiError, api, ifMatch, ok } from '@/api/client';
import { keys } from '@/api/queries';
import type { Destination, Project } from '@/api/types';
import { toastError } from '@/ui/toast';

interface Wanted {
  id: string;
  enabled: boolean;
}

export function useSwitch(project: string) {
  const client = useQueryClient();
  const key = keys.projectPart(project, 'destinations');
  // Looked up when it is needed: the revision of a moment ago may be old by now.
  const find = (id: string) => client.getQueryData<Destination[]>(key)?.find((each) => each.id === id);
  const put = (id: string, change: (each: Destination) => Destination) =>
    client.setQueryData<Destination[]>(key, (all) => all?.map((each) => (each.id === id ? change(each) : each)));
  return useMutation({
    mutationFn: ({ id, enabled }: Wanted) => {
      const destination = find(id);
      const header = destination ? ifMatch(destination) : {};
      return ok(api.PATCH('/api/v1/destinations/{id}', { params: { path: { id }, header }, body: { enabled } }));
    },
    onMutate: async ({ id, enabled }) => {
      await client.cancelQueries({ queryKey: key });
      const before = find(id);
      put(id, (each) => ({ ...each, enabled }));
      return { before };
    },
    onSuccess: (answer) => put(answer.id, () => answer),
    onError: (error, { id }, context) => {
      const name = context?.before?.name ?? 'The destination';
      put(id, (each) => ({ ...each, enabled: context?.before?.enabled ?? each.enabled }));
      const stale = error instanceof ApiError && error.status === 412;
      toastError(stale ? `${name} was changed elsewhere; look again` : `${name} was not switched`, error);
      void client.invalidateQueries({ queryKey: key });
    },
    onSettled: () => client.invalidateQueries({ queryKey: keys.project(project), exact: true }),
  });
}

/** All of a project's outputs at once. */
export function useSwitchAll(project: string) {
  const client = useQueryClient();
  const key = keys.project(project);
  const path = { params: { path: { id: project } } };
  return useMutation({
    mutationFn: (on: boolean) => ok(on ? api.POST('/api/v1/projects/{id}/start', path) : api.POST('/api/v1/projects/{id}/stop', path)),
    onMutate: async (on) => {
      await client.cancelQueries({ queryKey: key, exact: true });
      const before = client.getQueryData<Project>(key);
      if (before) client.setQueryData<Project>(key, { ...before, running: on });
      return { before };
    },
    onSuccess: (answer) => client.setQueryData(key, answer),
    onError: (error, on, context) => {
      if (context?.before) client.setQueryData(key, context.before);
      toastError(on ? 'The destinations did not start' : 'The destinations did not stop', error);
    },
    onSettled: () => client.invalidateQueries({ queryKey: keys.projectPart(project, 'destinations') }),
  });
}
