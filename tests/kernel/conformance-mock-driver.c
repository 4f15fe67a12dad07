/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Asks the driver of mock VFIO devices; what it understands is in tests/vm/vfio-mock/README.md. */
#include "config.h"

#include "conformance-mock-driver.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#define DEVICES "/sys/bus/platform/devices"
#define NEW_DEVICE "/sys/bus/platform/drivers/vfio_mock/new_device"

/* Registers of the device file's region 0. */
#define REGISTER_RESULT 0x00
#define REGISTER_IOVA 0x08
#define REGISTER_LENGTH 0x10
#define REGISTER_COMMAND 0x18

static int
write_text (const char *path, const char *text)
{
  int fd = open (path, O_WRONLY | O_CLOEXEC);
  int errnum = 0;

  if (fd < 0)
    return errno;
  if (write (fd, text, strlen (text)) < 0)
    errnum = errno;
  close (fd);
  return errnum;
}

static char *
get_path (const char *name, const char *attribute)
{
  return g_build_filename (DEVICES, name, attribute, NULL);
}

/* A device that is gone has no files. */
static int
write_attribute (const char *name, const char *attribute, const char *text)
{
  g_autofree char *path = get_path (name, attribute);
  int errnum = write_text (path, text);

  return errnum == ENOENT ? ENODEV : errnum;
}

static char *
read_attribute (const char *name, const char *attribute)
{
  g_autofree char *path = get_path (name, attribute);
  char *text = NULL;

  if (!g_file_get_contents (path, &text, NULL, NULL))
    return NULL;
  return g_strchomp (text);
}

gboolean
conformance_mock_driver_is_there (void)
{
  return g_file_test (NEW_DEVICE, G_FILE_TEST_EXISTS);
}

int
conformance_mock_driver_add (const char *specification)
{
  return write_text (NEW_DEVICE, specification);
}

/* `result=8 data=0011...`, of which there may be fewer bytes than were read. */
static int
take_bytes (const char *text, guint8 *data, guint64 length)
{
  const char *digits = text != NULL ? strstr (text, "data=") : NULL;

  if (digits == NULL)
    return EIO;
  digits += strlen ("data=");
  for (guint64 i = 0; i < length && g_ascii_isxdigit (digits[0]); i++, digits += 2)
    data[i] = (guint8) (g_ascii_xdigit_value (digits[0]) << 4 | g_ascii_xdigit_value (digits[1]));
  return 0;
}

int
conformance_mock_driver_dma (const char *name, gboolean is_write, guint64 iova, guint64 length,
                             guint8 value, guint8 *data)
{
  g_autofree char *command =
      g_strdup_printf ("%c 0x%" G_GINT64_MODIFIER "x %" G_GUINT64_FORMAT " %u",
                       is_write ? 'w' : 'r', iova, length, value);
  g_autofree char *text = NULL;
  int errnum = write_attribute (name, "dma", command);

  if (errnum != 0 || is_write)
    return errnum;
  text = read_attribute (name, "dma");
  return take_bytes (text, data, length);
}

int
conformance_mock_driver_inject (const char *name, const char *call, int errnum, guint nth)
{
  g_autofree char *text = g_strdup_printf ("%s %d %u", call, errnum, nth);

  return write_attribute (name, "inject", text);
}

int
conformance_mock_driver_get_state (const char *name, GString *state)
{
  g_autofree char *text = read_attribute (name, "state");

  if (text == NULL)
    return ENODEV;
  g_string_append (state, text);
  return 0;
}

static int
write_register (int fd, off_t offset, guint64 value)
{
  return pwrite (fd, &value, sizeof (value), offset) < 0 ? errno : 0;
}

int
conformance_mock_driver_register_dma (int fd, guint64 iova, guint64 length, guint8 value,
                                      gint64 *result)
{
  int errnum = write_register (fd, REGISTER_IOVA, iova);

  if (errnum == 0)
    errnum = write_register (fd, REGISTER_LENGTH, length);
  if (errnum == 0)
    errnum = write_register (fd, REGISTER_COMMAND, value);
  if (errnum == 0 && pread (fd, result, sizeof (*result), REGISTER_RESULT) < 0)
    errnum = errno;
  return errnum;
}
