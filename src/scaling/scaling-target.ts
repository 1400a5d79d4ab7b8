/** Whatever can be made more or fewer: processes of this machine, replicas of a platform, or nothing but advice. */
export interface ScalingTarget {
  /** Instances there are, those that are starting included. */
  current(): Promise<number>;
  /** Resolves once the change is under way, not when it is done. */
  scaleTo(count: number): Promise<void>;
  /** Present where somebody else changes the number: then what is decided is said and not done. */
  readonly adviceOnly?: true;
}
