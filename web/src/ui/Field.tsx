// A form's line: label, control, a hint, and what the server says is wrong with it.
import { type InputHTMLAttributes, type ReactNode, type SelectHTMLAttributes, useId } from 'react';

interface Common {
  label: string;
  hint?: ReactNode;
  error?: string | undefined;
}

function Line({ id, label, hint, error, children }: Common & { id: string; children: ReactNode }) {
  return (
    <div className="grid gap-1.5">
      <label htmlFor={id} className="text-sm font-medium">
        {label}
      </label>
      {children}
      {hint && (
        <p id={`${id}-hint`} className="text-[0.82rem] text-faint">
          {hint}
        </p>
      )}
      {error && (
        <p id={`${id}-error`} role="alert" className="text-[0.85rem] font-medium text-bad">
          {sentence(error)}
        </p>
      )}
    </div>
  );
}

/** The server says what is wrong of a value; under its field that is a sentence. */
const sentence = (error: string): string => (/^(is|has|must|may|cannot|needs)\b/.test(error) ? `It ${error}.` : error);

function described(id: string, hint: ReactNode, error: string | undefined): string | undefined {
  return [hint && `${id}-hint`, error && `${id}-error`].filter(Boolean).join(' ') || undefined;
}

export function TextField({ label, hint, error, className = '', ...rest }: Common & InputHTMLAttributes<HTMLInputElement>) {
  const id = useId();
  return (
    <Line id={id} label={label} hint={hint} error={error}>
      <input {...rest} id={id} className={`input ${className}`} aria-invalid={!!error} aria-describedby={described(id, hint, error)} />
    </Line>
  );
}

export function SelectField({ label, hint, error, children, ...rest }: Common & SelectHTMLAttributes<HTMLSelectElement>) {
  const id = useId();
  return (
    <Line id={id} label={label} hint={hint} error={error}>
      <select {...rest} id={id} className="input" aria-invalid={!!error} aria-describedby={described(id, hint, error)}>
        {children}
      </select>
    </Line>
  );
}

export function CheckField({ label, hint, ...rest }: { label: ReactNode; hint?: ReactNode } & InputHTMLAttributes<HTMLInputElement>) {
  const id = useId();
  return (
    <div>
      <label className="check">
        <input {...rest} type="checkbox" aria-describedby={hint ? `${id}-hint` : undefined} />
        {label}
      </label>
      {hint && (
        <p id={`${id}-hint`} className="check-hint text-[0.82rem] text-faint">
          {hint}
        </p>
      )}
    </div>
  );
}

/** What is wrong with the form as a whole. */
export function FormError({ children }: { children: ReactNode }) {
  if (!children) return null;
  return (
    <p role="alert" className="rounded-control border border-bad/40 bg-bad/10 px-3 py-2 text-sm">
      {children}
    </p>
  );
}
