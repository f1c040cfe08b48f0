// Makes a webhook.
import { useMutation, useQueryClient } from '@tanstack/react-query';
import { type FormEvent, useState } from 'react';
import { ApiError, api, ok, once } from '@/api/client';
import { keys } from '@/api/queries';
import type { Project } from '@/api/types';
import { Button } from '@/ui/Button';
import { Dialog } from '@/ui/Dialog';
import { FormError, SelectField, TextField } from '@/ui/Field';
import { KINDS } from './kinds';

interface Props {
  projects: Project[];
  onClose: () => void;
  onMade: (secret: string) => void;
}

export default function AddWebhook({ projects, onClose, onMade }: Props) {
  const [url, setUrl] = useState('');
  const [kind, setKind] = useState('trouble');
  const [project, setProject] = useState('');
  const [header] = useState(once);
  const client = useQueryClient();
  const make = useMutation({
    mutationFn: () => {
      const events = KINDS.find(([id]) => id === kind)?.[2] ?? ['*'];
      return ok(api.POST('/webhooks', { params: { header }, body: { url, events, project_id: project || null, enabled: true } }));
    },
    onSuccess: ({ secret }) => {
      void client.invalidateQueries({ queryKey: keys.webhooks });
      // Null would be the answer to a request that was sent twice.
      if (secret) onMade(secret);
      else onClose();
    },
  });
  const error = make.error instanceof ApiError ? make.error : null;
  const submit = (event: FormEvent) => {
    event.preventDefault();
    make.mutate();
  };
  return (
    <Dialog open onClose={onClose} title="Add a webhook">
      <form onSubmit={submit} className="grid gap-4">
        <TextField label="Address" type="url" required autoFocus placeholder="https://" hint="Of a server of yours, or one that a chat gave you." value={url} onChange={(event) => setUrl(event.target.value)} error={error?.fields.url} />
        <SelectField label="Tell of" value={kind} onChange={(event) => setKind(event.target.value)}>
          {KINDS.map(([id, label]) => (
            <option key={id} value={id}>
              {label}
            </option>
          ))}
        </SelectField>
        <SelectField label="Of" value={project} onChange={(event) => setProject(event.target.value)}>
          <option value="">all projects</option>
          {projects.map(({ id, name }) => (
            <option key={id} value={id}>
              {name}
            </option>
          ))}
        </SelectField>
        <FormError>{error && !error.fields.url && error.message}</FormError>
        <div className="flex justify-end gap-2">
          <Button onClick={onClose}>Cancel</Button>
          <Button kind="primary" type="submit" busy={make.isPending}>
            Add
          </Button>
        </div>
      </form>
    </Dialog>
  );
}
