// Makes a token with no more than it needs.
import { useMutation, useQueryClient } from '@tanstack/react-query';
import { type FormEvent, useState } from 'react';
import { ApiError, api, ok, once } from '@/api/client';
import { keys } from '@/api/queries';
import { Button } from '@/ui/Button';
import { Dialog } from '@/ui/Dialog';
import { CheckField, FormError, SelectField, TextField } from '@/ui/Field';

const SCOPES: [string, string][] = [
  ['projects:read', 'See projects, destinations and their states'],
  ['projects:write', 'Change and switch them'],
  ['streams:read', 'See shows, figures and events'],
  ['streams:write', 'End shows, turn encoders away'],
  ['keys:reveal', 'Read stream keys in clear'],
  ['webhooks:write', 'Change webhooks'],
  ['users:admin', 'See and change users'],
  ['system:read', 'See the server’s figures'],
  ['*', 'Everything that you may do'],
];
const DAY_MS = 86_400_000;

export default function AddToken({ onClose, onMade }: { onClose: () => void; onMade: (secret: string) => void }) {
  const [name, setName] = useState('');
  const [scopes, setScopes] = useState<string[]>(['projects:read', 'streams:read']);
  const [days, setDays] = useState(90);
  const [header] = useState(once);
  const client = useQueryClient();
  const make = useMutation({
    mutationFn: () => {
      const expires_at = days ? new Date(Date.now() + days * DAY_MS).toISOString() : null;
      return ok(api.POST('/tokens', { params: { header }, body: { name, scopes, expires_at } }));
    },
    onSuccess: ({ secret }) => {
      void client.invalidateQueries({ queryKey: keys.tokens });
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
  const turn = (scope: string, on: boolean) => setScopes(on ? [...scopes, scope] : scopes.filter((each) => each !== scope));
  return (
    <Dialog open onClose={onClose} title="New token">
      <form onSubmit={submit} className="grid gap-4">
        <TextField label="What is it for?" required autoFocus maxLength={100} value={name} onChange={(event) => setName(event.target.value)} error={error?.fields.name} />
        <fieldset className="grid gap-2.5">
          <legend className="mb-2 text-sm font-medium">It may</legend>
          {SCOPES.map(([scope, what]) => (
            <CheckField key={scope} label={what} hint={<code>{scope}</code>} checked={scopes.includes(scope)} onChange={(event) => turn(scope, event.target.checked)} />
          ))}
        </fieldset>
        <SelectField label="It works" value={days} onChange={(event) => setDays(Number(event.target.value))}>
          <option value={30}>for 30 days</option>
          <option value={90}>for 90 days</option>
          <option value={365}>for a year</option>
          <option value={0}>until it is deleted</option>
        </SelectField>
        <FormError>{error && !error.fields.name && (error.fields.scopes ?? error.message)}</FormError>
        <div className="sheet-end">
          <Button onClick={onClose}>Cancel</Button>
          <Button kind="primary" type="submit" busy={make.isPending} disabled={!name.trim() || scopes.length === 0}>
            Create
          </Button>
        </div>
      </form>
    </Dialog>
  );
}
