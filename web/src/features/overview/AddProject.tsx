// Makes a project. Its stream key comes with it; the rest is set on its own pages.
import { useMutation, useQueryClient } from '@tanstack/react-query';
import { type FormEvent, useState } from 'react';
import { useLocation } from 'wouter';
import { ApiError, api, ok, once } from '@/api/client';
import { keys } from '@/api/queries';
import { Button } from '@/ui/Button';
import { Dialog } from '@/ui/Dialog';
import { FormError, TextField } from '@/ui/Field';

export default function AddProject({ onClose }: { onClose: () => void }) {
  const [name, setName] = useState('');
  const [header] = useState(once);
  const client = useQueryClient();
  const [, navigate] = useLocation();
  const add = useMutation({
    mutationFn: () => ok(api.POST('/api/v1/projects', { params: { header }, body: { name: name.trim() } })),
    onSuccess: (project) => {
      void client.invalidateQueries({ queryKey: keys.projects });
      client.setQueryData(keys.project(project.id), project);
      navigate(`/projects/${project.id}`);
    },
  });
  const error = add.error instanceof ApiError ? add.error : null;
  const submit = (event: FormEvent) => {
    event.preventDefault();
    add.mutate();
  };
  return (
    <Dialog open onClose={onClose} title="New project" description="One show: one stream key in, any number of destinations out.">
      <form onSubmit={submit} className="grid gap-4">
        <TextField label="Name" required maxLength={100} autoFocus value={name} onChange={(event) => setName(event.target.value)} error={error?.fields.name} />
        <FormError>{error && !error.fields.name && error.message}</FormError>
        <div className="flex justify-end gap-2">
          <Button onClick={onClose}>Cancel</Button>
          <Button kind="primary" type="submit" busy={add.isPending} disabled={!name.trim()}>
            Create
          </Button>
        </div>
      </form>
    </Dialog>
  );
}
