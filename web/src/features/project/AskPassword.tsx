// Asks for the password again, before something that a stolen session must not do.
import { type FormEvent, useState } from 'react';
import { useMutation } from '@tanstack/react-query';
import { ApiError } from '@/api/client';
import { Button } from '@/ui/Button';
import { Dialog } from '@/ui/Dialog';
import { TextField } from '@/ui/Field';

interface Props {
  onConfirm: (password: string) => Promise<void>;
  onClose: () => void;
}

export default function AskPassword({ onConfirm, onClose }: Props) {
  const [password, setPassword] = useState('');
  const confirm = useMutation({ mutationFn: () => onConfirm(password) });
  const submit = (event: FormEvent) => {
    event.preventDefault();
    confirm.mutate();
  };
  const { error } = confirm;
  return (
    <Dialog open onClose={onClose} title="Your password again" description="Whoever has the stream key can go live as you.">
      <form onSubmit={submit} className="grid gap-4">
        <TextField
          label="Password"
          type="password"
          autoComplete="current-password"
          autoFocus
          required
          value={password}
          onChange={(event) => setPassword(event.target.value)}
          error={error ? (error instanceof ApiError && error.status !== 0 ? 'That was not it.' : 'The server does not answer.') : undefined}
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
