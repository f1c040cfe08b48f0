// A link that was used, perhaps by the one who holds it: there is nothing to set up or to set anew, and the door is next.
import { Link } from 'wouter';
import { Door } from './Door';

/** `command`: what makes a link for a new password, in a shell on the server. */
export function Done({ command }: { command: string }) {
  return (
    <Door
      title="Setup is done"
      lead={
        <>
          <p>This link has made the first administrator, and a setup link works once. Sign in with the email and password of that account.</p>
          <p className="mt-3">
            The password is gone? In a shell on the server: <code className="mt-1 block text-sm">{command}</code>
          </p>
        </>
      }
    >
      <ToTheDoor />
    </Door>
  );
}

/** A link for a new password that does not work any more. */
export function Over({ command }: { command: string }) {
  return (
    <Door
      title="This link is used up"
      lead={
        <>
          <p>A link for a new password works once, and for 30 minutes. Is the new password set already? Then sign in with it.</p>
          <p className="mt-3">
            Another link comes from an administrator, or in a shell on the server: <code className="mt-1 block text-sm">{command}</code>
          </p>
        </>
      }
    >
      <ToTheDoor />
    </Door>
  );
}

function ToTheDoor() {
  return (
    <Link href="/sign-in" className="btn justify-self-start" data-kind="primary">
      Sign in
    </Link>
  );
}
