// The end of a project.
import { useMutation, useQueryClient } from '@tanstack/react-query';
import { lazy, Suspense, useState } from 'react';
import { useLocation } from 'wouter';
import { api, ifMatch, ok } from '@/api/client';
import { keys } from '@/api/queries';
import type { Project } from '@/api/types';
import { useCan } from '@/app/can';
import { isOnAir } from '@/features/overview/problems';
import { Button } from '@/ui/Button';
import { toast, toastError } from '@/ui/toast';

const Confirm = lazy(async () => ({ default: (await import('@/ui/Dialog')).Confirm }));

export function DangerZone({ project }: { project: Project }) {
  const [asking, setAsking] = useState(false);
  const client = useQueryClient();
  const [, navigate] = useLocation();
  const { act } = useCan();
  const remove = useMutation({
    mutationFn: () => ok(api.DELETE('/api/v1/projects/{id}', { params: { path: { id: project.id }, header: ifMatch(project) } })),
    onSuccess: () => {
      navigate('/projects', { replace: true });
      client.removeQueries({ queryKey: keys.project(project.id) });
      void client.invalidateQueries({ queryKey: keys.projects });
      toast(`${project.name} is deleted`);
    },
    onError: (error) => {
      setAsking(false);
      toastError(`${project.name} is still there`, error);
    },
  });
  return (
    <div className="flex flex-wrap items-center gap-4 p-4">
      <div className="min-w-0 flex-1 basis-60">
        <p className="font-medium">Delete this project</p>
        <p className="text-sm text-soft">Its keys, destinations and reports go with it.</p>
      </div>
      <Button kind="danger" disabled={!act} onClick={() => setAsking(true)}>
        Delete
      </Button>
      {asking && (
        <Suspense>
          <Confirm
            title={`Delete ${project.name}?`}
            effect={
              <>
                {isOnAir(project) && <p className="font-medium text-ink">It is on the air. The show ends now for every viewer and destination.</p>}
                <p>Its stream keys stop working, its destinations and reports are gone. This cannot be taken back.</p>
              </>
            }
            action="Delete the project"
            busy={remove.isPending}
            onClose={() => setAsking(false)}
            onConfirm={() => remove.mutate()}
          />
        </Suspense>
      )}
    </div>
  );
}
