// The order of the rows: moved at once, put back where the server refuses.
import { useMutation, useQueryClient } from '@tanstack/react-query';
import { api, ok } from '@/api/client';
import { keys } from '@/api/queries';
import type { Destination } from '@/api/types';
import { toastError } from '@/ui/toast';

export function useMove(project: string) {
  const client = useQueryClient();
  const key = keys.projectPart(project, 'destinations');
  return useMutation<void, Error, { id: string; by: -1 | 1 }>({
    onMutate: async ({ id, by }) => {
      await client.cancelQueries({ queryKey: key });
      client.setQueryData<Destination[]>(key, (all) => all && moved(all, id, by));
    },
    mutationFn: () => {
      const ids = (client.getQueryData<Destination[]>(key) ?? []).map((each) => each.id);
      return ok(api.PUT('/api/v1/projects/{id}/destinations/order', { params: { path: { id: project } }, body: { ids } }));
    },
    onError: (error) => toastError('The order was not changed', error),
    onSettled: () => client.invalidateQueries({ queryKey: key }),
  });
}

export function moved(all: Destination[], id: string, by: -1 | 1): Destination[] {
  const from = all.findIndex((each) => each.id === id);
  const to = from + by;
  const [one, other] = [all[from], all[to]];
  if (!one || !other) return all;
  return all.map((each, index) => (index === from ? other : index === to ? one : each));
}
