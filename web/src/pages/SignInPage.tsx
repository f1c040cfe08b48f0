// The door. It offers what the server has: a password, another provider, a new account.
import { useMutation, useQueryClient, useSuspenseQuery } from '@tanstack/react-query';
import { type FormEvent, useState } from 'react';
import { Redirect, useLocation } from 'wouter';
import { ApiError, api, ok } from '@/api/client';
import { meQuery, setupQuery } from '@/api/queries';
import { Door } from '@/features/setup/Door';
import { comeInside } from '@/features/setup/inside';
import { nextFrom } from '@/features/setup/links';
import { Button } from '@/ui/Button';
import { FormError, TextField } from '@/ui/Field';
import { useTitle } from '@/ui/PageHead';

export default function SignInPage() {
  const setup = useSuspenseQuery(setupQuery).data;
  const me = useSuspenseQuery(meQuery).data;
  const [making, setMaking] = useState(false);
  // Read once: the way out of here is taken by whoever notices first, and the address is another one after that.
  const [next] = useState(() => nextFrom(window.location.search));
  const [form, setForm] = useState({ email: '', name: '', password: '' });
  const client = useQueryClient();
  const [, navigate] = useLocation();
  useTitle('Sign in');
  const enter = useMutation({
    mutationFn: async () => {
      if (making) await ok(api.POST('/sign-up', { body: form }));
      else await ok(api.POST('/session', { body: { email: form.email, password: form.password } }));
    },
    onSuccess: async () => {
      await comeInside(client);
      navigate(next, { replace: true });
    },
  });
  if (setup.needed) return <Redirect to="/setup" replace />;
  if (me) return <Redirect to={next} replace />;
  const error = enter.error instanceof ApiError ? enter.error : null;
  const set = (field: keyof typeof form) => ({ value: form[field], onChange: (event: { target: { value: string } }) => setForm({ ...form, [field]: event.target.value }) });
  const submit = (event: FormEvent) => {
    event.preventDefault();
    enter.mutate();
  };
  return (
    <Door title={making ? 'A new account' : 'Sign in'}>
      <form onSubmit={submit} className="grid gap-4">
        {making && <TextField label="Your name" required autoComplete="name" {...set('name')} error={error?.fields.name} />}
        <TextField label="Email" type="email" required autoFocus autoComplete="username" {...set('email')} error={error?.fields.email} />
        <TextField
          label="Password"
          type="password"
          required
          autoComplete={making ? 'new-password' : 'current-password'}
          {...set('password')}
          {...(making && { minLength: setup.password_rule.min_length, hint: `At least ${setup.password_rule.min_length} characters.` })}
          error={error?.fields.password}
        />
        <FormError>{error && Object.keys(error.fields).length === 0 && refused(error)}</FormError>
        <Button kind="primary" type="submit" busy={enter.isPending}>
          {making ? 'Create the account' : 'Sign in'}
        </Button>
      </form>
      {(setup.oidc || setup.sign_up) && (
        <div className="mt-4 grid gap-3 border-t border-line pt-4">
          {setup.oidc && (
            <a className="btn" href="/api/v1/session/oidc">
              Sign in with {setup.oidc.name}
            </a>
          )}
          {setup.sign_up && (
            <Button kind="quiet" onClick={() => setMaking(!making)}>
              {making ? 'I have an account' : 'Make an account'}
            </Button>
          )}
        </div>
      )}
    </Door>
  );
}

function refused(error: ApiError): string {
  if (error.status === 429) return `Too many tries. Wait ${error.retryAfterS ?? 'a few'} seconds.`;
  if (error.status === 401) return 'Email or password is wrong.';
  return error.message;
}
