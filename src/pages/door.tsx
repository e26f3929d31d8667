/** `lit`: somebody may pass. `dark`: nobody is there. `shut`: closed to this person. */
export type DoorState = 'lit' | 'dark' | 'shut';

interface DoorProps {
  readonly state: DoorState;
  /** In CSS pixels. */
  readonly size?: number;
}

/** The mark of Anteroom: a doorway seen through a doorway. Light in the inner one means signed in. */
export function Door({ state, size = 28 }: DoorProps) {
  return (
    <svg
      class={`door ${state}`}
      viewBox="0 0 32 32"
      width={size}
      height={size}
      aria-hidden="true"
      focusable="false"
    >
      <path class="room" d="M11 28V15.5a5 5 0 0 1 10 0V28z" />
      <path class="frame" d="M5.5 28V14.5a10.5 10.5 0 0 1 21 0V28M2 28h28" />
      {state === 'shut' ? <circle class="knob" cx="18" cy="21" r="1.25" /> : null}
    </svg>
  );
}
