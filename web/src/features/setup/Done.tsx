// A setup link that was used, perhaps by the one who holds it: there is nothing to set up, and the door is next.
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
            The password is gone? In a shell on the server: <code className="mt-1 block">{command}</code>
          </p>
        </>
      }
    >
      <Link href="/sign-in" className="btn justify-self-start" data-kind="primary">
        Sign in
      </Link>
    </Door>
  );
}
