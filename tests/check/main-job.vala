// SPDX-License-Identifier: LGPL-2.1-or-later
// The main job in Vala, on the simulated host: the annotations of the library must allow this.
async void attach_all (Iommud.Host host, Iommud.Container container) throws Error {
  foreach (var name in new string[] { "0000:01:00.0", "0000:81:00.0" }) {
    Iommud.Hwpt? hwpt;
    var device = host.find_device (name);
    yield container.attach_device_async (device, null, null, out hwpt);
    print ("%s on HWPT %u\n", device.name, hwpt.devices.get_n_items ());
  }
}

int main () {
  var loop = new MainLoop ();
  try {
    var simulator = new Iommud.Simulator (null);
    var host = new Iommud.Host (simulator);
    var container = host.create_container (null, null);
    attach_all.begin (host, container, (object, result) => {
      try {
        attach_all.end (result);
      } catch (Error error) {
        printerr ("%s\n", error.message);
      }
      loop.quit ();
    });
    loop.run ();
    container.free (true, null);
    print ("%u objects are left\n", simulator.count_objects ());
    host.find_device ("nothing");
  } catch (Iommud.Error.NOT_FOUND error) {
    print ("not found\n");
  } catch (Error error) {
    printerr ("%s\n", error.message);
    return 1;
  }
  return 0;
}
