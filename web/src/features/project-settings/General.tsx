// Name and hold.
import { useMutation, useQueryClient } from '@tanstack/react-query';
import { type FormEvent, useState } from 'react';
import { ApiError, api, ifMatch, ok } from '@/api/client';
import { keys } from '@/api/queries';
import type { Project } from '@/api/types';
import { useCan } from '@/app/can';
import { Button } from '@/ui/Button';
import { FormError, TextField } from '@/ui/Field';
import { toast } from '@/ui/toast';

export function General({ project }: { project: Project }) {
  const [name, setName] = useState(project.name);
  const [hold, setHold] = useState(project.hold_s == null ? '' : String(project.hold_s));
  const client = useQueryClient();
  const { act } = useCan();
  const save = useMutation({
    mutationFn: () =>
      ok(
        api.PATCH('/api/v1/projects/{id}', {
          params: { path: { id: project.id }, header: ifMatch(project) },
          body: { name: name.trim(), hold_s: hold.trim() ? Number(hold) : null },
        }),
      ),
    onSuccess: (answer) => {
      client.setQueryData(keys.project(project.id), answer);
      void client.invalidateQueries({ queryKey: keys.projects });
      toast('Saved', { tone: 'ok' });
    },
    onError: (error) => {
      if (error instanceof ApiError && error.status === 412) void client.invalidateQueries({ queryKey: keys.project(project.id), exact: true });
    },
  });
  const error = save.error instanceof ApiError ? save.error : null;
  const fixed = !act || project.declared;
  const submit = (event: FormEvent) => {
    event.preventDefault();
    save.mutate();
  };
  return (
    <form onSubmit={submit} className="grid gap-4 p-4">
      <TextField label="Name" required maxLength={100} disabled={fixed} value={name} onChange={(event) => setName(event.target.value)} error={error?.fields.name} />
      <TextField
        label="Hold, in seconds"
        type="number"
        min={0}
        max={600}
        disabled={fixed}
        placeholder="as the server is set"
        value={hold}
        onChange={(event) => setHold(event.target.value)}
        hint="How long destinations and viewers keep the last picture when your encoder drops. It comes back into the same show."
        error={error?.fields.hold_s}
      />
      <FormError>{error && Object.keys(error.fields).length === 0 && error.message}</FormError>
      {!project.declared && (
        <Button kind="primary" type="submit" className="justify-self-start" busy={save.isPending} disabled={!act}>
          Save
        </Button>
      )}
    </form>
  );
}
