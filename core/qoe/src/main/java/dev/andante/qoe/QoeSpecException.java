package dev.andante.qoe;

/** Expectations that nothing could meet or measure. The message names the field and its limits. */
public final class QoeSpecException extends IllegalArgumentException {
  private static final long serialVersionUID = 1L;

  private final QoeField field;

  QoeSpecException(QoeField field, String message) {
    super(message);
    this.field = field;
  }

  public QoeField field() {
    return field;
  }
}
