// Retry now: always allowed, whatever the wait is.
import { useMutation, useQueryClient } from '@tanstack/react-query';
import { useCallback } from 'react';
import { api, ok } from '@/api/client';
import { keys } from '@/api/queries';
import type { Destination } from '@/api/types';
import { toastError } from '@/ui/toast';

export function useRetry({ id, name, project_id }: Destination): { now: () => void; busy: boolean } {
  const client = useQueryClient();
  const { mutate, isPending } = useMutation({
    mutationFn: () => ok(api.POST('/api/v1/destinations/{id}/retry', { params: { path: { id } } })),
    onSuccess: (answer) =>
      client.setQueryData<Destination[]>(keys.projectPart(project_id, 'destinations'), (all) => all?.map((each) => (each.id === id ? answer : each))),
    onError: (error) => toastError(`${name} was not tried again`, error),
  });
  return { now: useCallback(() => mutate(), [mutate]), busy: isPending };
}
