// The menu itself, over Radix: it comes when a menu is first opened, and opens at once.
import { DropdownMenu } from 'radix-ui';
import { MenuButton, type MenuEntry } from './Menu';

const ITEM =
  'flex min-h-9 cursor-pointer items-center gap-2.5 rounded-[6px] px-2.5 text-sm outline-none select-none data-disabled:cursor-not-allowed data-disabled:text-faint data-highlighted:bg-line pointer-coarse:min-h-[44px]';

export default function MenuRadix({ label, entries }: { label: string; entries: (MenuEntry | null)[] }) {
  return (
    <DropdownMenu.Root modal={false} defaultOpen>
      <DropdownMenu.Trigger asChild>
        <MenuButton label={label} />
      </DropdownMenu.Trigger>
      <DropdownMenu.Portal>
        <DropdownMenu.Content
          align="end"
          sideOffset={4}
          collisionPadding={8}
          className="panel z-40 min-w-44 bg-raised p-1 shadow-(--lift) animate-[fade_100ms]"
        >
          {entries.map((entry, index) =>
            entry ? (
              <DropdownMenu.Item
                key={entry.label}
                disabled={entry.disabled ?? false}
                onSelect={entry.onSelect}
                className={`${ITEM} ${entry.danger ? 'text-bad' : ''}`}
              >
                {entry.icon}
                {entry.label}
              </DropdownMenu.Item>
            ) : (
              <DropdownMenu.Separator key={index} className="my-1 h-px bg-line" />
            ),
          )}
        </DropdownMenu.Content>
      </DropdownMenu.Portal>
    </DropdownMenu.Root>
  );
}
