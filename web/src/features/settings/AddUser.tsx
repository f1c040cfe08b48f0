// Makes a user.
import { useMutation, useQueryClient, useSuspenseQuery } from '@tanstack/react-query';
import { type FormEvent, useState } from 'react';
import { ApiError, api, ok, once } from '@/api/client';
import { keys, setupQuery } from '@/api/queries';
import type { Role } from '@/api/types';
import { Button } from '@/ui/Button';
import { Dialog } from '@/ui/Dialog';
import { FormError, SelectField, TextField } from '@/ui/Field';

export default function AddUser({ onClose, onAdded }: { onClose: () => void; onAdded: (name: string) => void }) {
  const { password_rule } = useSuspenseQuery(setupQuery).data;
  const [form, setForm] = useState({ name: '', email: '', password: '', role: 'operator' as Role });
  const [header] = useState(once);
  const client = useQueryClient();
  const add = useMutation({
    mutationFn: () => {
      const { password, ...rest } = form;
      return ok(api.POST('/api/v1/users', { params: { header }, body: { ...rest, ...(password && { password }) } }));
    },
    onSuccess: (user) => {
      void client.invalidateQueries({ queryKey: keys.users });
      onAdded(user.name);
    },
  });
  const error = add.error instanceof ApiError ? add.error : null;
  const submit = (event: FormEvent) => {
    event.preventDefault();
    add.mutate();
  };
  const set = (field: 'name' | 'email' | 'password') => ({
    value: form[field],
    onChange: (event: { target: { value: string } }) => setForm({ ...form, [field]: event.target.value }),
    error: error?.fields[field],
  });
  return (
    <Dialog open onClose={onClose} title="Add a user">
      <form onSubmit={submit} className="grid gap-4">
        <TextField label="Name" required autoFocus autoComplete="off" {...set('name')} />
        <TextField label="Email" type="email" required autoComplete="off" {...set('email')} />
        <SelectField label="Role" value={form.role} onChange={(event) => setForm({ ...form, role: event.target.value as Role })}>
          <option value="operator">Operator: runs shows, changes projects</option>
          <option value="viewer">Viewer: sees everything, changes nothing</option>
          <option value="admin">Administrator: everything, also users</option>
        </SelectField>
        <TextField
          label="Password"
          type="password"
          autoComplete="new-password"
          minLength={password_rule.min_length}
          {...set('password')}
          hint="Leave it empty and send them a link for a password of their own."
        />
        <FormError>{error && Object.keys(error.fields).length === 0 && error.message}</FormError>
        <div className="flex justify-end gap-2">
          <Button onClick={onClose}>Cancel</Button>
          <Button kind="primary" type="submit" busy={add.isPending}>
            Add
          </Button>
        </div>
      </form>
    </Dialog>
  );
}
