// The built-in clip, published to a project by the server itself: proof without an encoder.
import { useMutation, useQueryClient } from '@tanstack/react-query';
import { Clapperboard } from 'lucide-react';
import { useLocation } from 'wouter';
import { api, ok } from '@/api/client';
import { keys } from '@/api/queries';
import { useCan } from '@/app/can';
import { Button } from '@/ui/Button';
import { toastError } from '@/ui/toast';

/** Starts the pattern; a project without destinations gets the practice one, so that something is seen to be sent. */
export function useTestPattern(project: string, destinations: number) {
  const client = useQueryClient();
  const path = { params: { path: { id: project } } };
  return useMutation({
    mutationFn: async () => {
      if (destinations === 0) await ok(api.POST('/projects/{id}/practice-destination', path));
      return ok(api.POST('/projects/{id}/test-pattern', path));
    },
    onError: (error) => toastError('The test pattern did not start', error),
    onSettled: () => client.invalidateQueries({ queryKey: keys.project(project) }),
  });
}

export function useStopPattern(project: string) {
  const client = useQueryClient();
  return useMutation({
    mutationFn: () => ok(api.DELETE('/projects/{id}/test-pattern', { params: { path: { id: project } } })),
    onError: (error) => toastError('The test pattern did not stop', error),
    onSettled: () => client.invalidateQueries({ queryKey: keys.project(project) }),
  });
}

export function TestPattern({ project, destinations, kind = 'plain' }: { project: string; destinations: number; kind?: 'plain' | 'primary' }) {
  const start = useTestPattern(project, destinations);
  const { act } = useCan();
  const [location, navigate] = useLocation();
  const room = `/projects/${project}`;
  return (
    <Button kind={kind} busy={start.isPending} disabled={!act} onClick={() => start.mutate(undefined, { onSuccess: () => location !== room && navigate(room) })}>
      {!start.isPending && <Clapperboard size={16} aria-hidden />}
      Send a test pattern
    </Button>
  );
}
