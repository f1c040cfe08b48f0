// Asks for the password again, before something that a stolen session must not do.
import { type FormEvent, useState } from 'react';
import { useMutation, useQuery } from '@tanstack/react-query';
import { ApiError } from '@/api/client';
import { meQuery } from '@/api/queries';
import { Button } from '@/ui/Button';
import { Dialog } from '@/ui/Dialog';
import { TextField } from '@/ui/Field';

interface Props {
  onConfirm: (password: string) => Promise<void>;
  onClose: () => void;
}

export default function AskPassword({ onConfirm, onClose }: Props) {
  const [password, setPassword] = useState('');
  const has = useQuery(meQuery).data?.user.password !== false;
  const confirm = useMutation({ mutationFn: () => onConfirm(password) });
  const submit = (event: FormEvent) => {
    event.preventDefault();
    confirm.mutate();
  };
  const { error } = confirm;
  return (
    <Dialog open onClose={onClose} title={has ? 'Your password again' : 'Set a password first'}
      description={has ? 'Whoever has the stream key can go live as you.' : 'You came in by a link and have none yet. Whoever has the stream key can go live as you, so it is shown to who has one.'}>
      <form onSubmit={submit} className="grid gap-4">
        <TextField
          label={has ? 'Password' : 'New password'}
          type="password"
          autoComplete={has ? 'current-password' : 'new-password'}
          autoFocus
          required
          value={password}
          onChange={(event) => setPassword(event.target.value)}
          error={error ? refusal(error, has) : undefined}
        />
        <div className="flex justify-end gap-2">
          <Button onClick={onClose}>Cancel</Button>
          <Button kind="primary" type="submit" busy={confirm.isPending}>
            Go on
          </Button>
        </div>
      </form>
    </Dialog>
  );
}

function refusal(error: Error, has: boolean): string {
  if (!has) return (error instanceof ApiError && error.fields.password) || error.message;
  const wrong = error instanceof ApiError && [401, 403, 422].includes(error.status);
  return wrong ? 'That was not it.' : error.message;
}
