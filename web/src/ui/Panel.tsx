// A part of a page: a heading, what can be done there, and a boundary of its own.
import { type ReactNode, useId } from 'react';
import { Beside, Boundary } from './Boundary';

interface Props {
  title: string;
  /** A figure or a word beside the heading. Where it fails it is not there: the panel itself says what is wrong. */
  aside?: ReactNode;
  actions?: ReactNode;
  fallback: ReactNode;
  resetKeys?: unknown[];
  className?: string;
  children: ReactNode;
}

export function Panel({ title, aside, actions, fallback, resetKeys, className = '', children }: Props) {
  const id = useId();
  return (
    <section className={`panel min-w-0 ${className}`} aria-labelledby={id}>
      <PanelHead id={id} title={title} aside={aside && <Beside resetKeys={resetKeys ?? []}>{aside}</Beside>} actions={actions} />
      <Boundary name={title} fallback={fallback} {...(resetKeys && { resetKeys })}>
        {children}
      </Boundary>
    </section>
  );
}

export function PanelHead({ id, title, aside, actions }: { id: string; title: string; aside?: ReactNode; actions?: ReactNode }) {
  return (
    <header className="flex min-h-12 flex-wrap items-center gap-x-3 gap-y-1 border-b border-line py-1.5 pr-2 pl-4">
      <h2 id={id} className="text-[0.95rem] font-semibold">
        {title}
      </h2>
      {aside && <div className="text-sm text-faint">{aside}</div>}
      {actions && <div className="ml-auto flex items-center gap-1.5">{actions}</div>}
    </header>
  );
}
