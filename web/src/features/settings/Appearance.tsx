// How this browser shows the dashboard.
import { Monitor, Moon, Sun } from 'lucide-react';
import { setPreferences, type Theme, usePreferences } from '@/app/preferences';
import { CheckField } from '@/ui/Field';
import { PanelHead } from '@/ui/Panel';

const THEMES: [Theme, string, typeof Sun][] = [
  ['system', 'As the system', Monitor],
  ['dark', 'Dark', Moon],
  ['light', 'Light', Sun],
];

export function Appearance() {
  const { theme, hideSecrets, shortcuts } = usePreferences();
  return (
    <section className="panel" aria-labelledby="appearance">
      <PanelHead id="appearance" title="Appearance" />
      <div className="grid gap-6 p-4">
        <fieldset>
          <legend className="mb-2 text-sm font-medium">Theme</legend>
          <div className="grid max-w-md grid-cols-3 gap-2">
            {THEMES.map(([value, label, Icon]) => (
              <label
                key={value}
                className="grid min-h-20 content-center justify-items-center gap-1.5 rounded-control border border-line text-sm text-soft hover:border-edge has-checked:border-ink has-checked:text-ink has-focus-visible:outline-2 has-focus-visible:outline-focus"
              >
                <input type="radio" name="theme" className="sr-only" checked={theme === value} onChange={() => setPreferences({ theme: value })} />
                <Icon size={20} aria-hidden />
                {label}
              </label>
            ))}
          </div>
        </fieldset>
        <CheckField
          label="Hide secrets on this screen"
          hint="Keys' ends, addresses and links are covered. For a screen that is on stream itself."
          checked={hideSecrets}
          onChange={(event) => setPreferences({ hideSecrets: event.target.checked })}
        />
        <CheckField
          label="Single keys do something"
          hint="Press ? anywhere for the list."
          checked={shortcuts}
          onChange={(event) => setPreferences({ shortcuts: event.target.checked })}
        />
      </div>
    </section>
  );
}
