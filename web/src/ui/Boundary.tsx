// Where an error stops. Each panel and each page has one: what is around it lives on, and "Try again" asks anew.
import { QueryErrorResetBoundary } from '@tanstack/react-query';
import { CircleAlert } from 'lucide-react';
import { type ReactNode, Suspense } from 'react';
import { ErrorBoundary, type FallbackProps } from 'react-error-boundary';
import { Link } from 'wouter';
import { ApiError } from '@/api/client';
import { Button } from './Button';

interface Props {
  /** What this part is called, for the sentence that says it failed. */
  name: string;
  fallback: ReactNode;
  /** A change of any of these clears the error: another project is another try. */
  resetKeys?: unknown[];
  /** It is a page of its own, and its failure needs a heading. */
  page?: boolean;
  children: ReactNode;
}

export function Boundary({ name, fallback, resetKeys, page = false, children }: Props) {
  return (
    <QueryErrorResetBoundary>
      {({ reset }) => (
        <ErrorBoundary
          onReset={reset}
          {...(resetKeys && { resetKeys })}
          fallbackRender={(props) => <Failure name={name} page={page} {...props} />}
        >
          <Suspense fallback={fallback}>{children}</Suspense>
        </ErrorBoundary>
      )}
    </QueryErrorResetBoundary>
  );
}

/** For what stands beside something else, and may be missing without a word. */
export function Beside({ resetKeys, children }: { resetKeys: unknown[]; children: ReactNode }) {
  return (
    <ErrorBoundary fallback={null} resetKeys={resetKeys}>
      <Suspense>{children}</Suspense>
    </ErrorBoundary>
  );
}

function Failure({ name, page, error, resetErrorBoundary }: FallbackProps & { name: string; page: boolean }) {
  const failure = error as unknown;
  const Heading = page ? 'h1' : 'p';
  const missing = failure instanceof ApiError && failure.status === 404;
  return (
    <div role="alert" className={`flex flex-wrap items-start gap-3 p-4 ${page ? 'panel m-4 sm:m-0' : ''}`}>
      <CircleAlert size={18} className="mt-0.5 flex-none text-bad" aria-hidden />
      <div className="min-w-0 flex-1 basis-52">
        <Heading className="font-semibold">{missing ? `${name} is not there` : `${name} cannot be shown`}</Heading>
        <p className="text-sm text-soft">{missing && page ? 'It may have been deleted, or its address is not whole.' : sentence(failure)}</p>
        {failure instanceof ApiError && failure.problem?.request_id && (
          <p className="mt-1 text-xs text-faint">
            Request <code>{failure.problem.request_id}</code>
          </p>
        )}
      </div>
      {missing && page && (
        <Link href="/projects" className="btn" data-size="small" onClick={resetErrorBoundary}>
          All projects
        </Link>
      )}
      <Button size="small" onClick={resetErrorBoundary}>
        Try again
      </Button>
    </div>
  );
}

function sentence(error: unknown): string {
  if (error instanceof ApiError) return error.message;
  // A page of an older version asks for a file that is gone since the server was updated.
  if (error instanceof Error && /import|module|chunk/i.test(error.message)) return 'The server has a newer version. Reload the page.';
  return 'Something in this page failed. The rest of it goes on.';
}
