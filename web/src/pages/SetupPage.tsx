// The first run: whoever has the link that the server printed becomes its administrator. A reset link sets a new password.
import { useQuery, useSuspenseQuery } from '@tanstack/react-query';
import { type FormEvent, useState } from 'react';
import { Link } from 'wouter';
import { ApiError } from '@/api/client';
import { linkQuery, setupQuery } from '@/api/queries';
import { Done, Over } from '@/features/setup/Done';
import { Door } from '@/features/setup/Door';
import { Entering } from '@/features/setup/Entering';
import { setsUp, signsIn, useLinkHere } from '@/features/setup/links';
import { useSetup } from '@/features/setup/useSetup';
import { Button } from '@/ui/Button';
import { FormError, TextField } from '@/ui/Field';
import { useTitle } from '@/ui/PageHead';

const FIRST_LINK = 'gostream admin setup-link';
const RESET_LINK = 'gostream admin reset-link --email ADDRESS';

export default function SetupPage({ link: path }: { link?: string | undefined }) {
  const setup = useSuspenseQuery(setupQuery).data;
  const link = useLinkHere(path);
  const done = !setup.needed && setsUp(link);
  useTitle(setup.needed || done ? 'Set up' : 'New password');
  if (signsIn(link)) return <Entering link={link} />;
  if (done) return <Done command={RESET_LINK} />;
  if (!link) {
    return (
      <Door
        title={setup.needed ? 'Almost there' : 'No link'}
        lead={
          <>
            <p>{setup.needed ? 'Open the setup link that the server printed when it started.' : 'Everything is set up already.'}</p>
            <p className="mt-3">
              It is gone? In a shell on the server: <code className="mt-1 block text-sm">{setup.needed ? FIRST_LINK : RESET_LINK}</code>
            </p>
          </>
        }
      >
        {!setup.needed && (
          <Link href="/sign-in" className="btn justify-self-start">
            Sign in
          </Link>
        )}
      </Door>
    );
  }
  return setup.needed ? <FirstAdmin link={link} /> : <Reset link={link} />;
}

/** `command`: what makes another link, in a shell on the server. */
function LinkTrouble({ error, command }: { error: ApiError | null; command: string }) {
  if (!error || Object.keys(error.fields).some((field) => field !== 'link')) return null;
  const old = error.fields.link || [403, 404, 410].includes(error.status);
  return (
    <FormError>
      {error.fields.link ?? error.message}
      {old && (
        <span className="mt-1 block text-soft">
          A link works once, and for 30 minutes. A new one: <code>{command}</code>
        </span>
      )}
    </FormError>
  );
}

function FirstAdmin({ link }: { link: string }) {
  const { password_rule } = useSuspenseQuery(setupQuery).data;
  const [form, setForm] = useState({ email: '', name: '', password: '' });
  const set = (field: keyof typeof form) => ({ value: form[field], onChange: (event: { target: { value: string } }) => setForm({ ...form, [field]: event.target.value }) });
  const make = useSetup(link);
  const error = make.error instanceof ApiError ? make.error : null;
  const submit = (event: FormEvent) => {
    event.preventDefault();
    make.mutate(form);
  };
  return (
    <Door title="Your own relay" lead="Make yourself its administrator. Your first project is ready behind this page.">
      <form onSubmit={submit} className="grid gap-4">
        <TextField label="Your name" required autoComplete="name" autoFocus {...set('name')} error={error?.fields.name} />
        <TextField label="Email" type="email" required autoComplete="username" {...set('email')} hint="To sign in with. Nothing is sent to it." error={error?.fields.email} />
        <TextField
          label="Password"
          type="password"
          required
          autoComplete="new-password"
          minLength={password_rule.min_length}
          maxLength={password_rule.max_length}
          {...set('password')}
          hint={`At least ${password_rule.min_length} characters. Long beats complicated.`}
          error={error?.fields.password}
        />
        <LinkTrouble error={error} command={FIRST_LINK} />
        <Button kind="primary" type="submit" busy={make.isPending}>
          Open the control room
        </Button>
      </form>
    </Door>
  );
}

/** A link that was used or is over says so at once, and not only when a password was typed for it. */
function Reset({ link }: { link: string }) {
  const { data, error, isPending } = useQuery(linkQuery(link));
  if (isPending) return <Door title="A new password">{null}</Door>;
  const over = error instanceof ApiError && error.status === 403;
  return over ? <Over command={RESET_LINK} /> : <NewPassword link={link} email={data?.email ?? null} />;
}

function NewPassword({ link, email }: { link: string; email: string | null }) {
  const { password_rule } = useSuspenseQuery(setupQuery).data;
  const [password, setPassword] = useState('');
  const make = useSetup(link);
  const error = make.error instanceof ApiError ? make.error : null;
  const submit = (event: FormEvent) => {
    event.preventDefault();
    make.mutate({ password });
  };
  return (
    <Door title="A new password" lead={email && <p className="break-words">For {email}.</p>}>
      <form onSubmit={submit} className="grid gap-4">
        <TextField
          label="New password"
          type="password"
          required
          autoFocus
          autoComplete="new-password"
          minLength={password_rule.min_length}
          maxLength={password_rule.max_length}
          value={password}
          onChange={(event) => setPassword(event.target.value)}
          hint={`At least ${password_rule.min_length} characters.`}
          error={error?.fields.password}
        />
        <LinkTrouble error={error} command={RESET_LINK} />
        <Button kind="primary" type="submit" busy={make.isPending}>
          Set it and sign in
        </Button>
      </form>
    </Door>
  );
}
