// One's own name, password and sessions.
import { useMutation, useQueryClient, useSuspenseQuery } from '@tanstack/react-query';
import { type FormEvent, useState } from 'react';
import { useLocation } from 'wouter';
import { ApiError, api, ok } from '@/api/client';
import { keys, meQuery, setupQuery } from '@/api/queries';
import { Button } from '@/ui/Button';
import { FormError, TextField } from '@/ui/Field';
import { Panel, PanelHead } from '@/ui/Panel';
import { SkeletonRows } from '@/ui/Skeleton';
import { toast } from '@/ui/toast';
import { Sessions } from './Sessions';

export default function Account() {
  const me = useSuspenseQuery(meQuery).data;
  if (!me) return null;
  return (
    <div className="grid gap-4">
      <section className="panel" aria-labelledby="account">
        <PanelHead id="account" title="You" actions={<SignOut />} />
        <Profile name={me.user.name} email={me.user.email} role={me.user.role} />
      </section>
      {!me.user.oidc && (
        <section className="panel" aria-labelledby="password">
          <PanelHead id="password" title="Password" />
          <Password has={me.user.password} />
        </section>
      )}
      <Panel title="Where you are signed in" fallback={<SkeletonRows rows={2} height="h-11" />}>
        <Sessions />
      </Panel>
    </div>
  );
}

function SignOut() {
  const client = useQueryClient();
  const [, navigate] = useLocation();
  const out = useMutation({
    mutationFn: () => ok(api.DELETE('/session')),
    onSettled: () => {
      navigate('/sign-in', { replace: true });
      client.clear();
      client.setQueryData(keys.me, null);
    },
  });
  return (
    <Button size="small" busy={out.isPending} onClick={() => out.mutate()}>
      Sign out
    </Button>
  );
}

function useSaveMe(done: string, after?: () => void) {
  const client = useQueryClient();
  return useMutation({
    mutationFn: (body: { name?: string; email?: string; password?: string; current_password?: string }) => ok(api.PATCH('/me', { body })),
    onSuccess: (me) => {
      client.setQueryData(keys.me, me);
      toast(done, { tone: 'ok' });
      after?.();
    },
  });
}

function Profile(props: { name: string; email: string; role: string }) {
  const [name, setName] = useState(props.name);
  const [email, setEmail] = useState(props.email);
  const save = useSaveMe('Saved');
  const error = save.error instanceof ApiError ? save.error : null;
  const submit = (event: FormEvent) => {
    event.preventDefault();
    save.mutate({ name, email });
  };
  return (
    <form onSubmit={submit} className="grid gap-4 p-4">
      <TextField label="Name" required autoComplete="name" value={name} onChange={(event) => setName(event.target.value)} error={error?.fields.name} />
      <TextField label="Email" required type="email" autoComplete="email" value={email} onChange={(event) => setEmail(event.target.value)} error={error?.fields.email} />
      <p className="text-sm text-soft">You are {props.role === 'admin' ? 'an administrator' : props.role === 'operator' ? 'an operator' : 'a viewer: you see everything and change nothing'}.</p>
      <FormError>{error && Object.keys(error.fields).length === 0 && error.message}</FormError>
      <Button type="submit" className="justify-self-start" busy={save.isPending} disabled={name === props.name && email === props.email}>
        Save
      </Button>
    </form>
  );
}

function Password({ has }: { has: boolean }) {
  const { password_rule } = useSuspenseQuery(setupQuery).data;
  const [current, setCurrent] = useState('');
  const [next, setNext] = useState('');
  const save = useSaveMe('Your password is changed', () => {
    setCurrent('');
    setNext('');
  });
  const error = save.error instanceof ApiError ? save.error : null;
  const submit = (event: FormEvent) => {
    event.preventDefault();
    save.mutate({ password: next, current_password: current });
  };
  return (
    <form onSubmit={submit} className="grid gap-4 p-4">
      {has ? (
        <TextField
          label="Current password"
          type="password"
          required
          autoComplete="current-password"
          value={current}
          onChange={(event) => setCurrent(event.target.value)}
          error={error?.fields.current_password}
        />
      ) : (
        <p className="text-soft">You came in by a link, and have no password yet. With one you can sign in from elsewhere.</p>
      )}
      <TextField
        label="New password"
        type="password"
        required
        autoComplete="new-password"
        minLength={password_rule.min_length}
        maxLength={password_rule.max_length}
        value={next}
        onChange={(event) => setNext(event.target.value)}
        hint={`At least ${password_rule.min_length} characters.`}
        error={error?.fields.password}
      />
      <FormError>{error && Object.keys(error.fields).length === 0 && error.message}</FormError>
      <Button type="submit" className="justify-self-start" busy={save.isPending} disabled={(has && !current) || !next}>
        {has ? 'Change it' : 'Set it'}
      </Button>
    </form>
  );
}
