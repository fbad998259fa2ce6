/** What was done to one matrix. */
export interface LayerLog {
  name: string;
  shape: number[];
  /** Sum of squared errors of the weights over their sum of squares. */
  relativeMse: number;
  zeroGroups: number;
  /** Codebook that was chosen in place of the format's; absent where it is the format's. */
  element?: string;
  /** Size of the Hadamard blocks that rotated its input channels; absent where none did. */
  rotation?: number;
  /**
   * ‖(W − Ŵ)X‖² / ‖WX‖² over the calibration text, X being the inputs that the quantized model has there.
   * Absent where nothing was calibrated.
   */
  outputError?: number;
}
