// Takes a destination away, after saying what that does.
import { useMutation, useQueryClient } from '@tanstack/react-query';
import { api, ifMatch, ok } from '@/api/client';
import { keys } from '@/api/queries';
import type { Destination } from '@/api/types';
import { Confirm } from '@/ui/Dialog';
import { toastError } from '@/ui/toast';

export default function DeleteDestination({ destination, onClose }: { destination: Destination; onClose: () => void }) {
  const { id, name, project_id, output } = destination;
  const client = useQueryClient();
  const remove = useMutation({
    mutationFn: () => ok(api.DELETE('/api/v1/destinations/{id}', { params: { path: { id }, header: ifMatch(destination) } })),
    onSuccess: () => {
      client.setQueryData<Destination[]>(keys.projectPart(project_id, 'destinations'), (all) => all?.filter((each) => each.id !== id));
      onClose();
    },
    onError: (error) => {
      toastError(`${name} is still there`, error);
      onClose();
    },
    onSettled: () => client.invalidateQueries({ queryKey: keys.project(project_id) }),
  });
  return (
    <Confirm
      title={`Delete ${name}?`}
      effect={
        <>
          {output.state === 'sending' && <p className="font-medium text-ink">Viewers on {name} will see the stream end now.</p>}
          <p>Its address and its key are forgotten. The show's other destinations notice nothing.</p>
        </>
      }
      action="Delete"
      busy={remove.isPending}
      onConfirm={() => remove.mutate()}
      onClose={onClose}
    />
  );
}
