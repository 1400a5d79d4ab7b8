/** Customers' names, made up. They are part of the sample data: a changed list changes every digest. */
export const firstNames: readonly string[] = words(`
  Aaron Abigail Ada Adam Adrian Agnes Aiden Aisha Alan Alana Alejandro Alice Alma Amara Amelia Amina Amir Amy Ana Anaïs
  Andre Andrew Anita Anna Anne-Marie Anthony Arjun Arthur Asha Audrey Aurélie Ava Barbara Beatriz Ben Benjamin Bianca
  Björn Brandon Brenda Brian Bridget Bruno Caleb Camila Carla Carlos Carmen Caroline Catherine Cecilia Chantal Charles
  Charlotte Chen Chloé Christian Clara Claudia Colin Connor Cora Cynthia D'Andre Daisy Dana Daniel Daphne David Deborah
  Denise Derek Diana Diego Dominic Dylan Ebony Edgar Eduardo Eileen Elena Eli Elijah Elise Eliza Élodie Emil Emily Emma
  Eric Esther Ethan Eva Evelyn Faith Farah Felix Fiona Frances Francisco Françoise Frank Gabriel Gemma George Gloria Grace
  Graham Greta Hannah Harold Harper Hassan Hazel Heather Hector Helen Henry Hugo Ian Ibrahim Ines Ingrid Irene Iris Isaac
  Isabel Ivan Jack Jada Jamal James Jane Jasmine Jean-Luc Jeremy Jia Joan Joel John Jonah José Joseph Joyce Juan Judith
  Julia Kai Karen Karim Kate Keiko Kelly Kenji Kevin Khalid Kim Kwame Lars Laura Leah Leila Leo Lena Levi Li Liam Lillian
  Linda Logan Louis Lucas Lucía Luke Lydia M'Lynn Maeve Malik Marcus Margaret María Marie-Claire Mark Martha Mary-Ann
  Mason Mateo Maya Megan Mei Mia Miguel Mila Mohammed Molly Monica Nadia Naomi Natalie Nathan Nia Nicholas Nina Noah Noël
  Nora Oliver Olivia Omar Oscar Owen Paige Pamela Patrick Paul Pedro Petra Philip Priya Quinn Rachel Rafael Ravi Rebecca
  René Renée Rhys Robert Rosa Rose Ruth Ryan Sadie Samir Samuel Sandra Sara Sean Sergio Shan'elle Sienna Simon Siobhán
  Sofía Sophie Stella Stephen Susan Tamara Tara Teresa Theo Thomas Tobias Tomás Uma Valerie Vanessa Vera Victor Violet
  Walter Wendy William Xavier Yara Yusuf Zachary Zoë
`);

export const lastNames: readonly string[] = words(`
  Abbott Adams Aguilar Ahmed Akers Ali Allen Alvarez Anderson Andrews Archer Armstrong Arnold Ashby Atkins Bailey Baker
  Banks Barnes Barrett Bauer Beck Becker Bell Bennett Berg Bishop Blackwell Blake Boone Bowman Boyd Bradley Brennan Brooks
  Brown Bryant Burke Burns Byrne Cabrera Calderón Callahan Campbell Cannon Carlson Carpenter Carter Castillo Castro
  Chambers Chan Chandler Chang Chapman Chaudhary Chen Cho Christensen Clark Clarke Cohen Cole Coleman Collins Cook Cooper
  Cortés Costa Cox Craig Crawford Cruz Cunningham Curtis D'Amico D'Angelo Dalton Daniels Davidson Davies Davis Dawson
  Day-Lewis Delgado Díaz Dixon Donovan Doyle Drake Duncan Dunn Dupré Eaton Edwards Ellis Eriksson Espinoza Evans Farrell
  Fernández Ferreira Fischer Fisher Fitzgerald Fleming Fletcher Flores Foster Fox Francis Franklin Freeman Fuentes Fuller
  Gallagher García Gardner Garza Gibson Gill Gómez Gonzales Goodwin Graham Grant Gray Green Greene Griffin Gupta Gustafson
  Guzmán Hale Hall Hamilton Hammond Hansen Harper Harris Hart Hayes Henderson Hernández Herrera Hicks Hoffman Holmes
  Howard Huang Hudson Hughes Hunt Hussain Ibarra Ivanov Jackson Jacobs James Jenkins Jensen Johansson Johnson Jones Jordan
  Joshi Kang Kapoor Kaufman Keller Kelly Kennedy Khan Kim King Kowalski Kumar L'Esperance Lam Lambert Larsen Lawson Le Lee
  Lindgren Lopez-Rivera Lowe Lynch M'Baye MacDonald Maldonado Marsh Martin Martínez Mason McCarthy McKenna Medina Mehta
  Mendoza Meyer Miller Mitchell Molina Moore Morales Moreau Morgan Müller Muñoz Murphy Myers Nakamura Navarro Nelson
  Newman Ng Nguyen Nielsen Novak Núñez O'Brien O'Connor O'Donnell O'Keefe O'Neill O'Sullivan Okafor Olson Ortega Osborne
  Owens Palmer Park Parker Patel Peña Pérez Perry Peters Petersen Pham Phillips Pierce Porter Powell Price Quinn Ramírez
  Ramos Reed Reyes Reynolds Richards Rivera Roberts Robinson Rodríguez Rogers Romero Ross Russell Ryan Sánchez Sanders
  Sato Schmidt Schneider Scott Shah Sharma Shaw Silva Simmons Singh Smith Smith-Jones Snyder Söderberg Spencer Stewart
  Stone Sullivan Suzuki Tanaka Taylor Thompson Torres Tran Tucker Turner Vargas Vásquez Vaughn Vega Wagner Walker Wallace
  Walsh Wang Ward Warren Washington Watson Weaver Webb Weber Wells West Wheeler White Whitfield-Moore Williams Wilson Wong
  Wood Wright Wu Yamamoto Yang Young Zhang Zimmerman
`);

/** A name as the local part of an e-mail address carries it: lower-case ASCII letters and hyphens. */
export function foldName(name: string): string {
  return name
    .normalize('NFD')
    .toLowerCase()
    .replace(/[^a-z-]/g, '');
}

function words(text: string): string[] {
  return text.trim().split(/\s+/);
}
