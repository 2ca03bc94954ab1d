package dev.andante.compute.cuda;

import dev.andante.compute.DType;

/** How a matrix lies in device memory; the layouts are described in {@code weights.cuh}. */
enum WeightKind {
  /** Rows of floats as a file holds them; products in f32. */
  F32(-1, 0, 0),
  BF16(0, 2048, 0),
  Q8(1, 1024, 1),
  Q4S(2, 512, 1),
  Q4M(3, 512, 2),
  F16(4, 2048, 0),
  Q8M(5, 1024, 2);

  /** Outputs and inputs of a step, and bytes of scales (or of minima) for one. */
  static final int STEP_OUTPUTS = 16;

  static final int STEP_INPUTS = 64;
  static final int SCALE_BYTES = 64;

  private final int code;
  private final int stepBytes;
  private final int scaleSets;

  WeightKind(int code, int stepBytes, int scaleSets) {
    this.code = code;
    this.stepBytes = stepBytes;
    this.scaleSets = scaleSets;
  }

  /**
   * What a format becomes: exact, but for the K formats, which are rounded to bf16 for products.
   */
  static WeightKind of(DType dtype) {
    return switch (dtype) {
      case F32 -> F32;
      case F16 -> F16;
      case BF16, Q4_K, Q5_K, Q6_K -> BF16;
      case Q4_0 -> Q4S;
      case Q4_1 -> Q4M;
      case Q5_0, Q8_0 -> Q8;
      case Q5_1 -> Q8M;
    };
  }

  /** Whether look-ups need the bytes of the file because the layout rounds them. */
  static boolean keepsSource(DType dtype) {
    return switch (dtype) {
      case Q4_K, Q5_K, Q6_K -> true;
      case F32, F16, BF16, Q4_0, Q4_1, Q5_0, Q5_1, Q8_0 -> false;
    };
  }

  /** The kernels' number for a file format. */
  static int format(DType dtype) {
    return switch (dtype) {
      case F32 -> 0;
      case F16 -> 1;
      case BF16 -> 2;
      case Q4_0 -> 3;
      case Q4_1 -> 4;
      case Q5_0 -> 5;
      case Q5_1 -> 6;
      case Q8_0 -> 7;
      case Q4_K -> 8;
      case Q5_K -> 9;
      case Q6_K -> 10;
    };
  }

  /** The kernels' number for this kind. */
  int code() {
    return code;
  }

  int stepBytes() {
    return stepBytes;
  }

  boolean hasScales() {
    return scaleSets > 0;
  }

  boolean hasMinima() {
    return scaleSets > 1;
  }

  /** Ending of the names of the kernels that multiply with it. */
  String suffix() {
    return switch (this) {
      case F32 -> "f32";
      case BF16 -> "bf16";
      case F16 -> "f16";
      case Q8 -> "q8";
      case Q8M -> "q8m";
      case Q4S -> "q4s";
      case Q4M -> "q4m";
    };
  }

  /** Name of the kernel that brings a file's rows into this layout. */
  String repackKernel() {
    return switch (this) {
      case F32 -> throw new IllegalStateException("f32 rows are not repacked");
      case BF16 -> "repack_bf16";
      case F16 -> "repack_f16";
      case Q8, Q8M -> "repack_q8";
      case Q4S, Q4M -> "repack_q4";
    };
  }
}
